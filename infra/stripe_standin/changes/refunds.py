"""Transitions of refunds from one status to the next, see https://stripe.com/docs/refunds."""

from dataclasses import dataclass

from infra.stripe_standin.changes.balances import move_balance
from infra.stripe_standin.changes.impossible import ImpossibleChangeError
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.refunds import (
    FailureReason,
    PendingReason,
    RefundRecord,
    StripeRefundStatus,
)
from infra.stripe_standin.rendering.refunds import render_refund
from infra.stripe_standin.state import NO_REQUEST, EventCause, StandinState

# A succeeded refund can still fail when the bank returns it, up to 30 days later. The dashboard
# can cancel it shortly after its creation.
_NEXT_STATUSES: dict[StripeRefundStatus, frozenset[StripeRefundStatus]] = {
    "pending": frozenset({"pending", "requires_action", "succeeded", "failed", "canceled"}),
    "requires_action": frozenset({"pending", "succeeded", "failed", "canceled"}),
    "succeeded": frozenset({"failed", "canceled"}),
    "failed": frozenset(),
    "canceled": frozenset(),
}


class RefundTransitionError(ImpossibleChangeError):
    """Stripe never moves a refund from its status to the requested one."""


@dataclass(frozen=True)
class RefundTransition:
    """A change of a refund's status.

    Attributes:
        failure_reason: Why it failed; used only by `failed`.
        pending_reason: Why it waits; used only by `pending`.
    """

    status: StripeRefundStatus
    failure_reason: FailureReason = "expired_or_canceled_card"
    pending_reason: PendingReason = "processing"


def apply_refund_transition(
    standin: StandinState,
    refund: RefundRecord,
    transition: RefundTransition,
    *,
    cause: EventCause = NO_REQUEST,
) -> None:
    """Move a refund to another status, with its money and its events.

    Raises:
        RefundTransitionError: If Stripe never moves a refund that way.
    """
    if refund.is_release:
        message = f"refund {refund.id} released an authorization, so its status never changes"
        raise RefundTransitionError(message)
    if transition.status not in _NEXT_STATUSES[refund.status]:
        message = f"a refund that is {refund.status} does not become {transition.status}"
        raise RefundTransitionError(message)
    before = render_refund(refund)
    refund.status = transition.status
    refund.pending_reason = transition.pending_reason if refund.status == "pending" else None
    if not refund.counts_as_refunded:
        _return_debit(standin, refund)
        failed = refund.status == "failed"
        refund.failure_reason = transition.failure_reason if failed else "merchant_request"
    elif refund.balance_transaction is None and refund.pending_reason != "insufficient_funds":
        debit_refund(standin, refund)
    announce_refund_change(standin, refund, before, cause)


def debit_refund(standin: StandinState, refund: RefundRecord) -> None:
    """Take the refund's amount from the balance of its account."""
    transaction_type = "payment_refund" if refund.charge.startswith("py_") else "refund"
    refund.balance_transaction = _move_refund_amount(
        standin, refund, transaction_type, -refund.amount
    )


def _return_debit(standin: StandinState, refund: RefundRecord) -> None:
    if refund.balance_transaction is not None:
        refund.failure_balance_transaction = _move_refund_amount(
            standin, refund, "refund_failure", refund.amount
        )


def _move_refund_amount(
    standin: StandinState, refund: RefundRecord, transaction_type: str, amount: int
) -> str:
    return move_balance(
        standin,
        transaction_type,
        amount,
        currency=refund.currency,
        source=refund.id,
        account=refund.account,
        settlement=standin.store.charges[refund.charge].settlement,
    )


def announce_refund_change(
    standin: StandinState, refund: RefundRecord, before: JsonObject, cause: EventCause
) -> None:
    """Emit the events of a changed refund.

    Args:
        standin: The stand-in.
        refund: The refund after the change.
        before: The refund before the change, as Stripe's JSON.
        cause: The request that made the change.
    """
    after = render_refund(refund)
    # Stripe still sends `charge.refund.updated`, the old name of `refund.updated`.
    for event_type in ("refund.updated", "charge.refund.updated"):
        standin.emit(event_type, after, account=refund.account, cause=cause, before=before)
    if refund.status == "failed":
        standin.emit("refund.failed", after, account=refund.account, cause=cause)
