"""Transfers to connected accounts, and their reversals."""

from pydantic import Field

from infra.stripe_standin.records.base import Metadata, StripeRecord


class TransferRecord(StripeRecord):
    """A transfer of money from the platform to a connected account.

    Attributes:
        destination_payment: The charge that the money arrives as on the connected account.
    """

    amount: int
    currency: str
    destination: str
    destination_payment: str
    balance_transaction: str
    description: str | None = None
    metadata: Metadata = Field(default_factory=dict)
    source_transaction: str | None = None
    source_type: str = "card"
    transfer_group: str | None = None


class TransferReversalRecord(StripeRecord):
    """A part of a transfer that went back to the platform."""

    transfer: str
    amount: int
    currency: str
    balance_transaction: str
    destination_payment_refund: str
    metadata: Metadata = Field(default_factory=dict)
