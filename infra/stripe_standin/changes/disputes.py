"""Disputes, see https://stripe.com/docs/disputes. Only the control API opens and moves them."""

from dataclasses import dataclass
from typing import get_args

from infra.stripe_standin.changes.balances import move_balance
from infra.stripe_standin.changes.impossible import ImpossibleChangeError
from infra.stripe_standin.changes.refunds import RefundTransition, apply_refund_transition
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.charges import ChargeRecord
from infra.stripe_standin.records.disputes import (
    DISPUTE_FEE,
    ClosingStatus,
    DisputeRecord,
    DisputeStatus,
    OpeningStatus,
)
from infra.stripe_standin.rendering.disputes import render_dispute
from infra.stripe_standin.state import NO_REQUEST, StandinState

_EVIDENCE_DUE_AFTER_S = 14 * 24 * 3600
_CLOSED: frozenset[str] = frozenset(get_args(ClosingStatus.__value__))
# A bank can reopen a closed inquiry, and change its mind about a lost dispute.
_NEXT_STATUSES: dict[DisputeStatus, frozenset[DisputeStatus]] = {
    "warning_needs_response": frozenset(
        {"warning_under_review", "warning_closed", "needs_response", "prevented"}
    ),
    "warning_under_review": frozenset({"warning_closed", "needs_response", "prevented"}),
    "warning_closed": frozenset({"needs_response"}),
    "needs_response": frozenset({"under_review", "won", "lost", "prevented"}),
    "under_review": frozenset({"won", "lost", "prevented"}),
    "lost": frozenset({"won"}),
}


class DisputeTransitionError(ImpossibleChangeError):
    """The charge cannot be disputed, or the dispute cannot move that way."""


@dataclass(frozen=True)
class DisputeOpening:
    """How a dispute begins.

    Attributes:
        status: `warning_needs_response` opens an inquiry, which takes no money.
        amount: None disputes all that is left of the charge.
        fee: What Stripe charges when it withdraws the amount.
        created: None is now.
        evidence_due_by: None is 14 days after the creation.
    """

    status: OpeningStatus = "needs_response"
    amount: int | None = None
    fee: int = DISPUTE_FEE
    reason: str = "fraudulent"
    created: int | None = None
    evidence_due_by: int | None = None


@dataclass(frozen=True)
class DisputeTransition:
    """A change of a dispute's status.

    Attributes:
        fee: What Stripe charges if it withdraws the amount now; None leaves the fee as it is.
        return_fee: Whether Stripe gives the fee back with the amount.
    """

    status: DisputeStatus
    fee: int | None = None
    return_fee: bool = False


_OPENING = DisputeOpening()


def open_dispute(
    standin: StandinState, charge: ChargeRecord, opening: DisputeOpening = _OPENING
) -> DisputeRecord:
    """Open an inquiry or a dispute about a charge. A charge can have several.

    For a dispute, Stripe withdraws the amount and a fee, and pending refunds of the charge fail.

    Raises:
        DisputeTransitionError: If the charge is not paid, or has not so much to dispute.
    """
    amount = _disputed_amount(standin, charge, opening.amount)
    created = standin.clock.now() if opening.created is None else opening.created
    dispute = DisputeRecord(
        id=new_id("dp"),
        account=charge.account,
        created=created,
        charge=charge.id,
        payment_intent=charge.payment_intent,
        amount=amount,
        currency=charge.currency,
        status=opening.status,
        reason=opening.reason,
        fee=opening.fee,
        evidence_due_by=created + _EVIDENCE_DUE_AFTER_S
        if opening.evidence_due_by is None
        else opening.evidence_due_by,
        balance_transactions=[],
    )
    if dispute.holds_funds:
        _withdraw_funds(standin, dispute, at=created)
    standin.store.disputes.add(dispute)
    _announce(standin, dispute, "charge.dispute.created")
    if dispute.holds_funds:
        _announce_withdrawal(standin, dispute, charge)
    return dispute


def apply_dispute_transition(
    standin: StandinState, dispute: DisputeRecord, transition: DisputeTransition
) -> None:
    """Move a dispute to another status, with its money and its events.

    Raises:
        DisputeTransitionError: If Stripe never moves a dispute that way.
    """
    charge = standin.store.charges[dispute.charge]
    _check(standin, dispute, charge, transition.status)
    before, held_funds = render_dispute(standin.store, dispute, standin.clock), dispute.holds_funds
    dispute.status = transition.status
    takes_funds = dispute.holds_funds and not held_funds
    returns_funds = held_funds and not dispute.holds_funds
    if takes_funds:
        dispute.fee = dispute.fee if transition.fee is None else transition.fee
        dispute.evidence_due_by = standin.clock.now() + _EVIDENCE_DUE_AFTER_S
        _withdraw_funds(standin, dispute)
    if returns_funds:
        _reinstate_funds(standin, dispute, return_fee=transition.return_fee)
        _announce(standin, dispute, "charge.dispute.funds_reinstated")
    change = "closed" if dispute.status in _CLOSED else "updated"
    _announce(standin, dispute, f"charge.dispute.{change}", before=before)
    if takes_funds:
        _announce_withdrawal(standin, dispute, charge)


def _disputed_amount(standin: StandinState, charge: ChargeRecord, requested: int | None) -> int:
    """Return the requested amount, or for None all that neither went back nor was withdrawn."""
    if charge.state != "paid":
        message = f"charge {charge.id} is {charge.state}: only a paid charge can be disputed"
        raise DisputeTransitionError(message)
    left = _check_not_refunded(standin, charge)
    if requested is not None:
        if requested > charge.amount_captured:
            message = f"amount is more than charge {charge.id} captured, {charge.amount_captured}"
            raise DisputeTransitionError(message)
        return requested
    left -= sum(each.amount for each in standin.store.disputes_of(charge) if each.holds_funds)
    if left <= 0:
        message = f"charge {charge.id} is wholly disputed: give an amount to dispute it again"
        raise DisputeTransitionError(message)
    return left


def _check_not_refunded(standin: StandinState, charge: ChargeRecord) -> int:
    """Return what is not refunded. Stripe takes no more from a fully refunded charge."""
    left = charge.amount - standin.store.amount_refunded(charge)
    if left == 0:
        message = f"charge {charge.id} is fully refunded"
        raise DisputeTransitionError(message)
    return left


def _check(
    standin: StandinState, dispute: DisputeRecord, charge: ChargeRecord, status: DisputeStatus
) -> None:
    if status not in _NEXT_STATUSES.get(dispute.status, frozenset()):
        message = f"a dispute that is {dispute.status} does not become {status}"
        raise DisputeTransitionError(message)
    if dispute.is_inquiry and status == "needs_response":
        _check_not_refunded(standin, charge)


def _withdraw_funds(standin: StandinState, dispute: DisputeRecord, at: int | None = None) -> None:
    _adjust_balance(standin, dispute, -dispute.amount, fee=dispute.fee, at=at)


def _reinstate_funds(standin: StandinState, dispute: DisputeRecord, *, return_fee: bool) -> None:
    fee = -dispute.fee if return_fee else 0
    _adjust_balance(standin, dispute, dispute.amount, fee=fee)


def _adjust_balance(
    standin: StandinState, dispute: DisputeRecord, amount: int, *, fee: int, at: int | None = None
) -> None:
    adjustment = move_balance(
        standin,
        "adjustment",
        amount,
        currency=dispute.currency,
        source=dispute.id,
        account=dispute.account,
        reporting_category="dispute" if amount < 0 else "dispute_reversal",
        stripe_fee=fee,
        settlement=standin.store.charges[dispute.charge].settlement,
        created=at,
    )
    dispute.balance_transactions.append(adjustment)


def _announce_withdrawal(
    standin: StandinState, dispute: DisputeRecord, charge: ChargeRecord
) -> None:
    """Announce that Stripe took the money, and fail the refunds that it stops."""
    _announce(standin, dispute, "charge.dispute.funds_withdrawn")
    failure = RefundTransition("failed", failure_reason="charge_for_pending_refund_disputed")
    for refund in list(standin.store.refunds.of_group(charge.id).oldest_first()):
        if refund.status == "pending":
            apply_refund_transition(standin, refund, failure)


def _announce(
    standin: StandinState,
    dispute: DisputeRecord,
    event_type: str,
    *,
    before: JsonObject | None = None,
) -> None:
    rendered = render_dispute(standin.store, dispute, standin.clock)
    standin.emit(event_type, rendered, account=dispute.account, cause=NO_REQUEST, before=before)
