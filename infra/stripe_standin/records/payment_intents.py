"""Payment intents."""

from pydantic import Field

from infra.stripe_standin.records.base import Metadata, StripeRecord


class PaymentIntentRecord(StripeRecord):
    """A payment intent. Its status follows from its charge."""

    amount: int
    currency: str
    description: str | None = None
    latest_charge: str
    metadata: Metadata = Field(default_factory=dict)
