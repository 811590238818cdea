"""Payment intents."""

from pydantic import Field

from infra.stripe_standin.records.base import Metadata, StripeRecord


class PaymentIntentRecord(StripeRecord):
    """A payment intent. It has always succeeded: the stand-in makes no others."""

    amount: int
    currency: str
    application_fee_amount: int | None = None
    description: str | None = None
    latest_charge: str
    metadata: Metadata = Field(default_factory=dict)
