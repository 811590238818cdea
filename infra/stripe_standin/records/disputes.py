"""Disputes."""

from typing import Literal

from infra.stripe_standin.records.base import StripeRecord

type DisputeOutcome = Literal["won", "lost"]
type DisputeStatus = Literal["needs_response"] | DisputeOutcome


class DisputeRecord(StripeRecord):
    """A customer's objection to a charge.

    Attributes:
        balance_transactions: What the dispute withdrew and reinstated, oldest first.
    """

    charge: str
    payment_intent: str | None
    amount: int
    currency: str
    status: DisputeStatus = "needs_response"
    balance_transactions: list[str]

    @property
    def is_charge_refundable(self) -> bool:
        """True if Stripe accepts refunds of the charge again."""
        return self.status == "won"
