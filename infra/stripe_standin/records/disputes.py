"""Disputes."""

from typing import Literal

from infra.stripe_standin.records.base import StripeRecord

type OpeningStatus = Literal["needs_response", "warning_needs_response"]
type ClosingStatus = Literal["won", "lost", "prevented", "warning_closed"]
type DisputeStatus = OpeningStatus | ClosingStatus | Literal["under_review", "warning_under_review"]

DISPUTE_FEE = 1500
_HOLDING = frozenset({"needs_response", "under_review", "lost"})


class DisputeRecord(StripeRecord):
    """A customer's objection to a charge.

    Attributes:
        fee: What Stripe charges when it withdraws the amount.
        evidence_due_by: When the merchant must have responded.
        balance_transactions: What the dispute withdrew and reinstated, oldest first.
    """

    charge: str
    payment_intent: str | None
    amount: int
    currency: str
    status: DisputeStatus
    reason: str = "fraudulent"
    fee: int = DISPUTE_FEE
    evidence_due_by: int
    balance_transactions: list[str]

    @property
    def holds_funds(self) -> bool:
        """True while Stripe has taken the disputed amount. An inquiry takes nothing."""
        return self.status in _HOLDING

    @property
    def is_charge_refundable(self) -> bool:
        """True if this dispute does not stop refunds of the charge."""
        return not self.holds_funds

    @property
    def is_inquiry(self) -> bool:
        """True if the bank only asks, and no dispute was opened yet."""
        return self.status.startswith("warning_")
