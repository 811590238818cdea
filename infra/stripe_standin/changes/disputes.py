"""Disputes, see https://stripe.com/docs/disputes. Only the control API opens and closes them."""

from infra.stripe_standin.changes.balances import move_balance
from infra.stripe_standin.changes.impossible import ImpossibleChangeError
from infra.stripe_standin.changes.refunds import RefundTransition, apply_refund_transition
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.charges import ChargeRecord
from infra.stripe_standin.records.disputes import DisputeOutcome, DisputeRecord
from infra.stripe_standin.rendering.disputes import render_dispute
from infra.stripe_standin.state import NO_REQUEST, StandinState

_DISPUTE_FEE = 1500


class DisputeTransitionError(ImpossibleChangeError):
    """The charge cannot be disputed, or the dispute cannot be closed."""


def open_dispute(standin: StandinState, charge: ChargeRecord) -> DisputeRecord:
    """Open a dispute about the part of a charge that was not refunded.

    Stripe withdraws the amount and a dispute fee. Pending refunds of the charge fail.

    Raises:
        DisputeTransitionError: If the charge was disputed before or is fully refunded.
    """
    store = standin.store
    amount = charge.amount - store.amount_refunded(charge)
    if charge.dispute is not None or amount == 0:
        reason = "was disputed before" if charge.dispute else "is fully refunded"
        message = f"charge {charge.id} {reason}"
        raise DisputeTransitionError(message)
    dispute = DisputeRecord(
        id=new_id("dp"),
        account=charge.account,
        created=standin.clock.now(),
        charge=charge.id,
        payment_intent=charge.payment_intent,
        amount=amount,
        currency=charge.currency,
        balance_transactions=[],
    )
    _withdraw_funds(standin, dispute)
    store.disputes.add(dispute)
    charge.dispute = dispute.id
    _announce(standin, dispute, "charge.dispute.created")
    _announce(standin, dispute, "charge.dispute.funds_withdrawn")
    _fail_pending_refunds(standin, charge)
    return dispute


def _fail_pending_refunds(standin: StandinState, charge: ChargeRecord) -> None:
    failure = RefundTransition("failed", failure_reason="charge_for_pending_refund_disputed")
    for refund in list(standin.store.refunds.of_group(charge.id).oldest_first()):
        if refund.status == "pending":
            apply_refund_transition(standin, refund, failure)


def close_dispute(standin: StandinState, dispute: DisputeRecord, outcome: DisputeOutcome) -> None:
    """Close a dispute. Stripe returns the disputed amount of a won one.

    Raises:
        DisputeTransitionError: If the dispute is closed already.
    """
    if dispute.status != "needs_response":
        message = f"dispute {dispute.id} is already {dispute.status}"
        raise DisputeTransitionError(message)
    before = render_dispute(standin.store, dispute, standin.clock)
    dispute.status = outcome
    if outcome == "won":
        _reinstate_funds(standin, dispute)
        _announce(standin, dispute, "charge.dispute.funds_reinstated")
    _announce(standin, dispute, "charge.dispute.closed", before=before)


def _withdraw_funds(standin: StandinState, dispute: DisputeRecord) -> None:
    _adjust_balance(standin, dispute, -dispute.amount, "dispute", stripe_fee=_DISPUTE_FEE)


def _reinstate_funds(standin: StandinState, dispute: DisputeRecord) -> None:
    _adjust_balance(standin, dispute, dispute.amount, "dispute_reversal")


def _adjust_balance(
    standin: StandinState,
    dispute: DisputeRecord,
    amount: int,
    reporting_category: str,
    *,
    stripe_fee: int = 0,
) -> None:
    adjustment = move_balance(
        standin,
        "adjustment",
        amount,
        currency=dispute.currency,
        source=dispute.id,
        account=dispute.account,
        reporting_category=reporting_category,
        stripe_fee=stripe_fee,
    )
    dispute.balance_transactions.append(adjustment)


def _announce(
    standin: StandinState,
    dispute: DisputeRecord,
    event_type: str,
    *,
    before: JsonObject | None = None,
) -> None:
    rendered = render_dispute(standin.store, dispute, standin.clock)
    standin.emit(event_type, rendered, account=dispute.account, cause=NO_REQUEST, before=before)
