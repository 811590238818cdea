"""Disputes: https://stripe.com/docs/disputes. They are opened and closed by the control API."""

from typing import Literal

from infra.stripe_standin.call import Call, Operation
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.params import Params
from infra.stripe_standin.records import Charge, Dispute, Json
from infra.stripe_standin.rendering.payments import render_dispute
from infra.stripe_standin.resources.balance import move_balance
from infra.stripe_standin.resources.refunds import RefundMove, move_refund
from infra.stripe_standin.standin import OUTSIDE, Standin

_DISPUTE_FEE = 1500


class DisputeImpossibleError(Exception):
    """A charge cannot be disputed, or a dispute not be closed, any more."""


def open_dispute(standin: Standin, charge: Charge) -> Dispute:
    """Let the customer charge back what was not refunded.

    The amount and a dispute fee are withdrawn, and refunds under way fail.

    Raises:
        DisputeImpossibleError: If the charge was disputed before or is refunded in full.
    """
    store = standin.store
    amount = charge.amount - store.amount_refunded(charge)
    if charge.dispute is not None or amount == 0:
        reason = "was disputed before" if charge.dispute else "is fully refunded"
        message = f"charge {charge.id} {reason}"
        raise DisputeImpossibleError(message)
    id_ = new_id("dp")
    withdrawal = move_balance(
        standin,
        "adjustment",
        -amount,
        currency=charge.currency,
        source=id_,
        account=charge.account,
        category="dispute",
        stripe_fee=_DISPUTE_FEE,
    )
    dispute = Dispute(
        id=id_,
        account=charge.account,
        created=standin.clock.now(),
        charge=charge.id,
        payment_intent=charge.payment_intent,
        amount=amount,
        currency=charge.currency,
        balance_transactions=[withdrawal],
    )
    store.disputes.add(dispute)
    charge.dispute = id_
    _announce(standin, dispute, "charge.dispute.created", "charge.dispute.funds_withdrawn")
    for refund in list(store.refunds.of_group(charge.id).oldest_first()):
        if refund.status == "pending":
            failure = RefundMove("failed", failure_reason="charge_for_pending_refund_disputed")
            move_refund(standin, refund, failure)
    return dispute


def close_dispute(standin: Standin, dispute: Dispute, outcome: Literal["won", "lost"]) -> None:
    """Close a dispute; a won one gives the disputed amount back.

    Raises:
        DisputeImpossibleError: If it is closed already.
    """
    if dispute.status != "needs_response":
        message = f"dispute {dispute.id} is {dispute.status} already"
        raise DisputeImpossibleError(message)
    before = render_dispute(standin.store, dispute, standin.clock)
    dispute.status = outcome
    if outcome == "won":
        reinstatement = move_balance(
            standin,
            "adjustment",
            dispute.amount,
            currency=dispute.currency,
            source=dispute.id,
            account=dispute.account,
            category="dispute_reversal",
        )
        dispute.balance_transactions.append(reinstatement)
        _announce(standin, dispute, "charge.dispute.funds_reinstated")
    _announce(standin, dispute, "charge.dispute.closed", before=before)


def _announce(standin: Standin, dispute: Dispute, *types: str, before: Json | None = None) -> None:
    rendered = render_dispute(standin.store, dispute, standin.clock)
    for type_ in types:
        standin.emit(type_, rendered, account=dispute.account, cause=OUTSIDE, before=before)


def _retrieve(call: Call[Params]) -> Json:
    disputes = call.standin.store.disputes
    dispute = disputes.find(call.ids["dispute"], call.account, param="dispute")
    return render_dispute(call.standin.store, dispute, call.standin.clock)


OPERATIONS = [Operation("GET", "/v1/disputes/{dispute}", Params, "dispute", _retrieve)]
