"""Refunds: https://stripe.com/docs/api/refunds and https://stripe.com/docs/refunds."""

from dataclasses import dataclass
from typing import Literal

from infra.stripe_standin.call import Call, Operation
from infra.stripe_standin.errors import StripeError, money
from infra.stripe_standin.faults import RefundBehavior
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.listing import list_page
from infra.stripe_standin.params import (
    Boolean,
    MetadataChange,
    Params,
    Positive,
    Text,
    TimedListParams,
    merge_metadata,
)
from infra.stripe_standin.records import (
    Charge,
    FailureReason,
    Json,
    PendingReason,
    Refund,
    RefundStatus,
)
from infra.stripe_standin.rendering.payments import render_charge, render_refund
from infra.stripe_standin.resources.application_fees import refund_application_fee
from infra.stripe_standin.resources.balance import move_balance
from infra.stripe_standin.standin import OUTSIDE, Cause, Standin

# What a refund can become. A refund that succeeded can still come back: the bank refuses it up
# to 30 days later (failed), or it is canceled in the dashboard shortly after it was made.
_NEXT: dict[RefundStatus, frozenset[RefundStatus]] = {
    "pending": frozenset({"pending", "requires_action", "succeeded", "failed", "canceled"}),
    "requires_action": frozenset({"pending", "succeeded", "failed", "canceled"}),
    "succeeded": frozenset({"failed", "canceled"}),
    "failed": frozenset(),
    "canceled": frozenset(),
}


class RefundCannotMoveError(Exception):
    """Stripe never moves a refund that way."""


@dataclass(frozen=True)
class RefundMove:
    """A change of a refund's state.

    Attributes:
        failure_reason: For `failed`.
        pending_reason: For `pending`.
    """

    status: RefundStatus
    failure_reason: FailureReason = "expired_or_canceled_card"
    pending_reason: PendingReason = "processing"


class CreateRefund(Params):
    """Parameters of POST /v1/refunds."""

    unsupported = frozenset({"currency", "customer", "origin"})

    amount: Positive | None = None
    charge: Text | None = None
    payment_intent: Text | None = None
    instructions_email: Text | None = None
    metadata: MetadataChange | None = None
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None
    refund_application_fee: Boolean = False
    reverse_transfer: Boolean = False


def _create(call: Call[CreateRefund]) -> Json:
    params, standin = call.params, call.standin
    charge = _charge_to_refund(call)
    amount = _amount_to_refund(standin, charge, params.amount)
    _check_connect_params(params, charge)
    outcome = call.take_outcome()
    charge_before = render_charge(standin.store, charge)
    refund = _add_refund(call, charge, amount, outcome)
    if params.refund_application_fee and charge.application_fee is not None:
        fee = standin.store.application_fees[charge.application_fee]
        refund_application_fee(standin, fee, _fee_share(standin, refund), cause=call.cause)
    standin.emit("refund.created", render_refund(refund), account=call.account, cause=call.cause)
    standin.emit(
        "charge.refunded",
        render_charge(standin.store, charge),
        account=call.account,
        cause=call.cause,
        before=charge_before,
    )
    if outcome == "fail_at_once":
        move_refund(standin, refund, RefundMove("failed"), cause=call.cause)
    return render_refund(refund)


def _charge_to_refund(call: Call[CreateRefund]) -> Charge:
    params, store = call.params, call.standin.store
    if params.charge is not None and params.payment_intent is not None:
        raise StripeError(
            400, "Received both charge and payment_intent parameters. Please pass in only one."
        )
    if params.charge is not None:
        return store.charges.find(params.charge, call.account, param="charge")
    if params.payment_intent is None:
        raise StripeError(
            400,
            "One of the following params should be provided for this request: payment_intent or "
            "charge.",
        )
    intent = store.payment_intents.find(params.payment_intent, call.account, param="payment_intent")
    return store.charges[intent.latest_charge]


def _amount_to_refund(standin: Standin, charge: Charge, asked: int | None) -> int:
    """Return what to refund: what was asked for, or else all that is left."""
    store = standin.store
    if charge.dispute is not None and store.disputes[charge.dispute].status != "won":
        raise StripeError(
            400,
            f"Charge {charge.id} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    refunded = store.amount_refunded(charge)
    left = charge.amount - refunded
    if left == 0:
        raise StripeError(
            400,
            f"Charge {charge.id} has already been refunded.",
            code="charge_already_refunded",
        )
    amount = left if asked is None else asked
    if amount > left:
        limit = "unrefunded amount on charge" if refunded else "charge amount"
        raise StripeError(
            400,
            f"Refund amount ({money(amount, charge.currency)}) is greater than {limit} "
            f"({money(left, charge.currency)})",
            param="amount",
        )
    return amount


def _check_connect_params(params: CreateRefund, charge: Charge) -> None:
    if params.refund_application_fee and charge.application_fee is None:
        raise StripeError(
            400,
            f"Charge {charge.id} has no application fee to refund.",
            param="refund_application_fee",
        )
    if params.reverse_transfer:
        raise StripeError(
            400,
            f"Charge {charge.id} does not have an associated transfer to reverse.",
            param="reverse_transfer",
        )


def _add_refund(
    call: Call[CreateRefund], charge: Charge, amount: int, outcome: RefundBehavior | None
) -> Refund:
    params, standin = call.params, call.standin
    refund = Refund(
        id=new_id("re"),
        account=charge.account,
        created=standin.clock.now(),
        charge=charge.id,
        payment_intent=charge.payment_intent,
        amount=amount,
        currency=charge.currency,
        status=_first_status(outcome),
        reason=params.reason,
        metadata=merge_metadata({}, params.metadata),
        instructions_email=params.instructions_email,
        pending_reason=_first_pending_reason(outcome),
    )
    # A refund the balance cannot pay for waits without touching it.
    if outcome != "insufficient_funds":
        _debit(standin, refund)
    return standin.store.refunds.add(refund)


def _first_status(outcome: RefundBehavior | None) -> RefundStatus:
    match outcome:
        case None:
            return "succeeded"
        case "requires_action":
            return "requires_action"
        case _:
            return "pending"


def _first_pending_reason(outcome: RefundBehavior | None) -> PendingReason | None:
    match outcome:
        case "insufficient_funds":
            return "insufficient_funds"
        case "pending" | "fail_at_once":
            return "processing"
        case _:
            return None


def _debit(standin: Standin, refund: Refund) -> None:
    refund.balance_transaction = move_balance(
        standin,
        "refund",
        -refund.amount,
        currency=refund.currency,
        source=refund.id,
        account=refund.account,
    )


def _fee_share(standin: Standin, refund: Refund) -> int:
    """Return how much of the application fee goes back with a refund.

    All that is left of it with a refund of the whole charge, otherwise the refund's share of
    it, rounded half up (Stripe's docs say "proportional" and leave the rounding open).
    """
    store = standin.store
    charge = store.charges[refund.charge]
    fee = store.application_fees[str(charge.application_fee)]
    left = fee.amount - store.fee_amount_refunded(fee)
    if refund.amount == charge.amount:
        return left
    share = (2 * fee.amount * refund.amount + charge.amount) // (2 * charge.amount)
    return min(share, left)


def move_refund(
    standin: Standin, refund: Refund, move: RefundMove, *, cause: Cause = OUTSIDE
) -> None:
    """Move a refund as Stripe would: money, reasons and events.

    Raises:
        RefundCannotMoveError: If Stripe never moves it that way.
    """
    if move.status not in _NEXT[refund.status]:
        message = f"a refund that is {refund.status} does not become {move.status}"
        raise RefundCannotMoveError(message)
    before = render_refund(refund)
    refund.status = move.status
    refund.pending_reason = move.pending_reason if move.status == "pending" else None
    if not refund.stands:
        _give_back(standin, refund)
        refund.failure_reason = (
            move.failure_reason if move.status == "failed" else "merchant_request"
        )
    elif refund.balance_transaction is None and refund.pending_reason != "insufficient_funds":
        _debit(standin, refund)
    _announce_change(standin, refund, before, cause)


def _give_back(standin: Standin, refund: Refund) -> None:
    if refund.balance_transaction is None:
        return
    refund.failure_balance_transaction = move_balance(
        standin,
        "refund_failure",
        refund.amount,
        currency=refund.currency,
        source=refund.id,
        account=refund.account,
    )


def _announce_change(standin: Standin, refund: Refund, before: Json, cause: Cause) -> None:
    after = render_refund(refund)
    # `charge.refund.updated` is the old name; Stripe still sends both.
    for type_ in ("refund.updated", "charge.refund.updated"):
        standin.emit(type_, after, account=refund.account, cause=cause, before=before)
    if refund.status == "failed":
        standin.emit("refund.failed", after, account=refund.account, cause=cause)


class ListRefunds(TimedListParams):
    """Parameters of GET /v1/refunds."""

    charge: Text | None = None
    payment_intent: Text | None = None


def _list(call: Call[ListRefunds]) -> Json:
    params, store = call.params, call.standin.store
    charge = None
    if params.charge is not None:
        charge = store.charges.find(params.charge, call.account, param="charge").id
    elif params.payment_intent is not None:
        intents = store.payment_intents
        intent = intents.find(params.payment_intent, call.account, param="payment_intent")
        charge = intent.latest_charge
    chronicle = (
        store.refunds.of_account(call.account) if charge is None else store.refunds.of_group(charge)
    )

    def keep(refund: Refund) -> bool:
        return params.payment_intent in {None, refund.payment_intent} and params.created.holds(
            refund.created
        )

    return list_page(
        store.refunds,
        chronicle,
        params,
        account=call.account,
        url="/v1/refunds",
        keep=keep,
        render=render_refund,
    )


def _find[P: Params](call: Call[P]) -> Refund:
    return call.standin.store.refunds.find(call.ids["refund"], call.account, param="refund")


def _retrieve(call: Call[Params]) -> Json:
    return render_refund(_find(call))


class UpdateRefund(Params):
    """Parameters of POST /v1/refunds/{refund}: only metadata can be changed."""

    metadata: MetadataChange | None = None


def _update(call: Call[UpdateRefund]) -> Json:
    refund = _find(call)
    before = render_refund(refund)
    refund.metadata = merge_metadata(refund.metadata, call.params.metadata)
    if render_refund(refund) != before:
        _announce_change(call.standin, refund, before, call.cause)
    return render_refund(refund)


def _cancel(call: Call[Params]) -> Json:
    refund = _find(call)
    if refund.status not in {"pending", "requires_action"}:
        raise StripeError(400, "Canceling this refund is unsupported.")
    move_refund(call.standin, refund, RefundMove("canceled"), cause=call.cause)
    return render_refund(refund)


OPERATIONS = [
    Operation("POST", "/v1/refunds", CreateRefund, "refund", _create),
    Operation("GET", "/v1/refunds", ListRefunds, "list of refund", _list),
    Operation("GET", "/v1/refunds/{refund}", Params, "refund", _retrieve),
    Operation("POST", "/v1/refunds/{refund}", UpdateRefund, "refund", _update),
    Operation("POST", "/v1/refunds/{refund}/cancel", Params, "refund", _cancel),
]
