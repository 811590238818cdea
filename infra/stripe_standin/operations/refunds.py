"""Refunds, see https://stripe.com/docs/api/refunds."""

from typing import Literal

from infra.stripe_standin.changes.application_fees import refund_application_fee
from infra.stripe_standin.changes.charge_states import announce_release
from infra.stripe_standin.changes.charges import release_authorization
from infra.stripe_standin.changes.refunds import (
    RefundTransition,
    announce_refund_change,
    apply_refund_transition,
    debit_refund,
)
from infra.stripe_standin.faults import OutcomeFault
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.protocol.errors import StripeError, amount_too_large
from infra.stripe_standin.protocol.metadata import MetadataChange, merge_metadata
from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.pagination import list_page
from infra.stripe_standin.protocol.parameter_types import Boolean, PositiveInteger, Text
from infra.stripe_standin.protocol.params import Params, TimedListParams
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.charges import ChargeRecord
from infra.stripe_standin.records.refunds import PendingReason, RefundRecord, StripeRefundStatus
from infra.stripe_standin.rendering.charges import render_charge
from infra.stripe_standin.rendering.refunds import render_refund
from infra.stripe_standin.state import StandinState

# The status of a new refund by the fault that it meets.
_FIRST_STATUS: dict[OutcomeFault | None, StripeRefundStatus] = {
    None: "succeeded",
    "pending": "pending",
    "requires_action": "requires_action",
    "insufficient_funds": "pending",
    "fail_at_once": "pending",
}
_FIRST_PENDING_REASON: dict[OutcomeFault | None, PendingReason] = {
    "pending": "processing",
    "insufficient_funds": "insufficient_funds",
    "fail_at_once": "processing",
}


class CreateRefund(Params):
    """Parameters of POST /v1/refunds."""

    unsupported = frozenset({"currency", "customer", "origin"})

    amount: PositiveInteger | None = None
    charge: Text | None = None
    payment_intent: Text | None = None
    instructions_email: Text | None = None
    metadata: MetadataChange | None = None
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None
    refund_application_fee: Boolean = False
    reverse_transfer: Boolean = False


def _create(call: ApiCall[CreateRefund]) -> JsonObject:
    params, store = call.params, call.standin.store
    charge = _charge_to_refund(call)
    _check_charge_moved_money(call, charge)
    amount = _amount_to_refund(call.standin, charge, params.amount)
    _check_connect_params(params, charge)
    if charge.state == "uncaptured":
        return _release(call, charge, amount)
    fault = call.take_outcome_fault()
    charge_before = render_charge(store, charge)
    refund = _add_refund(call, charge, amount, fault)
    if params.refund_application_fee and charge.application_fee is not None:
        fee = store.application_fees[charge.application_fee]
        refund_application_fee(
            call.standin, fee, _fee_share(call.standin, refund), cause=call.cause
        )
    call.emit("refund.created", render_refund(refund))
    call.emit("charge.refunded", render_charge(store, charge), before=charge_before)
    if fault == "fail_at_once":
        apply_refund_transition(call.standin, refund, RefundTransition("failed"), cause=call.cause)
    return render_refund(refund)


def _charge_to_refund(call: ApiCall[CreateRefund]) -> ChargeRecord:
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


def _check_charge_moved_money(call: ApiCall[CreateRefund], charge: ChargeRecord) -> None:
    if charge.state not in {"pending", "failed"}:
        return
    intent, problem = call.params.payment_intent, "has not succeeded, so it cannot be refunded"
    raise StripeError(
        400,
        f"Charge {charge.id} {problem}."
        if intent is None
        else f"This PaymentIntent ({intent}) does not have a successful charge to refund.",
        code="charge_not_refundable",
    )


def _release(call: ApiCall[CreateRefund], charge: ChargeRecord, amount: int) -> JsonObject:
    """Release an authorization. Nothing was captured, so no money moves."""
    params, standin = call.params, call.standin
    if amount < charge.amount:
        raise StripeError(
            400,
            "You cannot partially refund an uncaptured charge. Instead, capture the charge for "
            "an amount less than the original amount",
            param="amount",
        )
    before = render_charge(standin.store, charge)
    release = release_authorization(
        standin,
        charge,
        at=standin.clock.now(),
        reason=params.reason,
        metadata=merge_metadata({}, params.metadata),
    )
    announce_release(standin, charge, release, before=before, cause=call.cause)
    return render_refund(release)


def _amount_to_refund(standin: StandinState, charge: ChargeRecord, requested: int | None) -> int:
    """Return the requested amount, or all that is left for None."""
    store = standin.store
    if not all(dispute.is_charge_refundable for dispute in store.disputes_of(charge)):
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
    amount = left if requested is None else requested
    if amount > left:
        limit_name = "unrefunded amount on charge" if refunded else "charge amount"
        raise amount_too_large("Refund amount", amount, limit_name, left, currency=charge.currency)
    return amount


def _check_connect_params(params: CreateRefund, charge: ChargeRecord) -> None:
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
    call: ApiCall[CreateRefund], charge: ChargeRecord, amount: int, fault: OutcomeFault | None
) -> RefundRecord:
    params, standin = call.params, call.standin
    refund = RefundRecord(
        id=new_id("pyr" if charge.is_local_payment else "re"),
        account=charge.account,
        created=standin.clock.now(),
        charge=charge.id,
        payment_intent=charge.payment_intent,
        amount=amount,
        currency=charge.currency,
        status=_FIRST_STATUS[fault],
        reason=params.reason,
        metadata=merge_metadata({}, params.metadata),
        instructions_email=params.instructions_email,
        pending_reason=_FIRST_PENDING_REASON.get(fault),
    )
    # A refund that waits for funds does not touch the balance.
    if fault != "insufficient_funds":
        debit_refund(standin, refund)
    return standin.store.refunds.add(refund)


def _fee_share(standin: StandinState, refund: RefundRecord) -> int:
    """Return how much of the application fee goes back with a refund.

    A refund of all that was captured returns all that is left of the fee. A partial refund returns
    its share, rounded half up: Stripe documents "proportional" and leaves the rounding open.
    """
    store = standin.store
    charge = store.charges[refund.charge]
    fee = store.application_fees[str(charge.application_fee)]
    left = fee.amount - store.fee_amount_refunded(fee)
    collected = charge.amount_captured
    if refund.amount == collected:
        return left
    share = (2 * fee.amount * refund.amount + collected) // (2 * collected)
    return min(share, left)


class ListRefunds(TimedListParams):
    """Parameters of GET /v1/refunds."""

    filters = frozenset({"charge", "payment_intent"})

    charge: Text | None = None
    payment_intent: Text | None = None


def _list(call: ApiCall[ListRefunds]) -> JsonObject:
    params, store = call.params, call.standin.store
    timeline = None
    if params.charge is not None:
        charge = store.charges.find(params.charge, call.account, param="charge")
        timeline = store.refunds.of_group(charge.id)
    elif params.payment_intent is not None:
        intent = store.payment_intents.find(
            params.payment_intent, call.account, param="payment_intent"
        )
        timeline = store.refunds.of_group(intent.latest_charge)
    return list_page(call, store.refunds, render_refund, timeline=timeline)


def _find[P: Params](call: ApiCall[P]) -> RefundRecord:
    return call.find(call.standin.store.refunds, "refund")


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    return render_refund(_find(call))


class UpdateRefund(Params):
    """Parameters of POST /v1/refunds/{refund}, which changes only metadata."""

    metadata: MetadataChange | None = None


def _update(call: ApiCall[UpdateRefund]) -> JsonObject:
    refund = _find(call)
    before = render_refund(refund)
    refund.metadata = merge_metadata(refund.metadata, call.params.metadata)
    if render_refund(refund) != before:
        announce_refund_change(call.standin, refund, before, call.cause)
    return render_refund(refund)


def _cancel(call: ApiCall[Params]) -> JsonObject:
    refund = _find(call)
    if refund.status not in {"pending", "requires_action"}:
        raise StripeError(400, "Canceling this refund is unsupported.")
    apply_refund_transition(call.standin, refund, RefundTransition("canceled"), cause=call.cause)
    return render_refund(refund)


OPERATIONS = [
    Operation("POST", "/v1/refunds", CreateRefund, "refund", _create),
    Operation("GET", "/v1/refunds", ListRefunds, "list of refund", _list),
    Operation("GET", "/v1/refunds/{refund}", Params, "refund", _retrieve),
    Operation("POST", "/v1/refunds/{refund}", UpdateRefund, "refund", _update),
    Operation("POST", "/v1/refunds/{refund}/cancel", Params, "refund", _cancel),
]
