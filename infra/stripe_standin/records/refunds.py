"""Refunds of charges."""

from typing import Literal

from pydantic import Field

from infra.stripe_standin.records.base import Metadata, StripeRecord

type StripeRefundStatus = Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
type RefundReason = Literal[
    "duplicate", "expired_uncaptured_charge", "fraudulent", "requested_by_customer"
]
type PendingReason = Literal["charge_pending", "insufficient_funds", "processing"]
type FailureReason = Literal[
    "charge_for_pending_refund_disputed",
    "declined",
    "expired_or_canceled_card",
    "insufficient_funds",
    "lost_or_stolen_card",
    "merchant_request",
    "unknown",
]


class RefundRecord(StripeRecord):
    """A refund of a charge.

    Attributes:
        balance_transaction: The debit; None until the refund moves the balance.
        failure_balance_transaction: The credit that returned the debit after a failure.
        is_release: True if it gave back an authorization. It never moves the balance.
    """

    charge: str
    payment_intent: str | None
    amount: int
    currency: str
    status: StripeRefundStatus
    reason: RefundReason | None = None
    metadata: Metadata = Field(default_factory=dict)
    instructions_email: str | None = None
    balance_transaction: str | None = None
    failure_balance_transaction: str | None = None
    failure_reason: FailureReason | None = None
    pending_reason: PendingReason | None = None
    is_release: bool = False

    @property
    def counts_as_refunded(self) -> bool:
        """True while the money is with the customer or on its way there."""
        return self.status not in {"failed", "canceled"}
