"""Application fees and their refunds."""

from pydantic import Field

from infra.stripe_standin.records.base import Metadata, StripeRecord


class ApplicationFeeRecord(StripeRecord):
    """The platform's share of a direct charge.

    Attributes:
        paid_by: The connected account that paid the fee.
    """

    paid_by: str
    amount: int
    currency: str
    charge: str
    balance_transaction: str


class FeeRefundRecord(StripeRecord):
    """A part of an application fee that the platform returned."""

    fee: str
    amount: int
    currency: str
    balance_transaction: str
    metadata: Metadata = Field(default_factory=dict)
