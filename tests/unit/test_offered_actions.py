"""The panel offers exactly what a request would be allowed, and says why not."""

from dataclasses import replace

import pytest

from functions.find_orders.offered_actions import OfferedActions, offered_actions
from shared.domain.dispute import Dispute
from shared.domain.errors import DomainError
from shared.domain.fulfillment import Step, take_step
from shared.domain.imported_order import ChargeIds, ImportedOrder, Parent, Product
from shared.domain.order import FulfillmentStatus, OrderState
from shared.domain.payment_status import PaymentStatus
from shared.domain.refund import RefundType
from shared.domain.refund_quote import RefundChoice, quote_refund
from shared.domain.stops import Stops
from shared.edge.auth import Caller, Role
from shared.gateways.orders_table import OrderRecord
from tests.unit.orders import AT, ORDER, STUDIO, hundred_dollars, refund_of

OWNER = Caller("ana", STUDIO, frozenset({Role.OWNER}))
LOST = Dispute("dp_1", "lost", 10_000, is_charge_refundable=False, created_at=AT)
INQUIRY = Dispute(
    "dp_1", "warning_needs_response", 10_000, is_charge_refundable=True, created_at=AT
)

PRODUCT = Product("li_1", "Print", "p", 1, 10_000, 0, 0)


def record(
    state: OrderState, *, email: str | None = "dana@mail.example", charged: bool = True
) -> OrderRecord:
    imported = ImportedOrder(
        order_id=ORDER,
        subjects=(),
        photo_day=None,
        products=(PRODUCT,),
        shipping_amount=0,
        shipping_tax_amount=0,
        charge=ChargeIds("ch_1" if charged else None),
        studio_id=STUDIO,
        placed_at=AT,
        currency="usd",
        parent=Parent("Dana", email),
        total_amount=10_000,
        rev_share_amount=1_500,
        stripe_fee_amount=320,
    )
    return OrderRecord(imported, state, {})


def offered(
    state: OrderState, caller: Caller = OWNER, limit: int | None = None, *, charged: bool = True
) -> OfferedActions:
    return offered_actions(caller, record(state, charged=charged), limit, Stops())


def code(refusal: DomainError | None) -> str | None:
    return refusal.code if refusal else None


SOLD = hundred_dollars().state


@pytest.mark.parametrize(
    ("state", "charged", "reason"),
    [
        (SOLD, True, None),
        (replace(SOLD, disputes=(INQUIRY,)), True, None),
        (replace(SOLD, committed_amount=9_999), True, None),
        (SOLD, False, "order_not_charged"),
        (replace(SOLD, payment_status=PaymentStatus.PENDING), True, "order_not_paid"),
        (replace(SOLD, payment_status=PaymentStatus.DIFFERS), True, "order_not_paid"),
        (replace(SOLD, disputes=(LOST,)), True, "charge_disputed"),
        (replace(SOLD, committed_amount=10_000), True, "nothing_refundable"),
        (
            replace(SOLD, committed_amount=6_000, paid_otherwise_amount=4_000),
            True,
            "nothing_refundable",
        ),
    ],
)
def test_a_refund_is_offered_exactly_when_a_request_would_pass(
    *, state: OrderState, charged: bool, reason: str | None
) -> None:
    actions = offered(state, charged=charged)
    assert code(actions.refund.refusal) == reason
    assert actions.refund_max_amount == (0 if reason else state.refundable_amount)
    order = record(state, charged=charged).order
    choice = RefundChoice(RefundType.FULL)
    if reason is None:
        assert quote_refund(order, state, choice).amount == actions.refund_max_amount
    else:
        with pytest.raises(DomainError) as refused:
            quote_refund(order, state, choice)
        assert (refused.value.code, refused.value.detail) == (
            reason,
            actions.refund.refusal and actions.refund.refusal.detail,
        )


@pytest.mark.parametrize(
    ("limit", "committed", "most"),
    [(None, 0, 10_000), (2_500, 0, 2_500), (2_500, 1_000, 1_500), (50_000, 1_000, 9_000)],
)
def test_the_most_that_may_be_refunded_is_within_the_callers_limit(
    limit: int | None, committed: int, most: int
) -> None:
    assert offered(replace(SOLD, committed_amount=committed), limit=limit).refund_max_amount == most


@pytest.mark.parametrize(("limit", "committed"), [(2_500, 2_500), (2_500, 9_000), (0, 0)])
def test_no_refund_is_offered_at_the_callers_limit(limit: int, committed: int) -> None:
    actions = offered(replace(SOLD, committed_amount=committed), limit=limit)
    assert code(actions.refund.refusal) == "refund_limit_exceeded"
    assert actions.refund_max_amount == 0


@pytest.mark.parametrize("status", list(FulfillmentStatus))
def test_canceling_is_offered_exactly_when_a_person_can_cancel(status: FulfillmentStatus) -> None:
    state = replace(SOLD, fulfillment_status=status)
    refusal = offered(state).cancel_fulfillment.refusal
    if refusal is None:
        canceled = take_step(state, Step.CANCEL, AT, "ana")
        assert canceled is not None
        assert canceled.fulfillment_status is FulfillmentStatus.CANCELED
    elif status is FulfillmentStatus.CANCELED:
        assert refusal.code == "print_canceled"  # a repeat changes nothing, so it is not offered
    else:
        with pytest.raises(type(refusal)):
            take_step(state, Step.CANCEL, AT, "ana")


@pytest.mark.parametrize("role", [Role.BOOKKEEPER, Role.PRINT_OPERATOR, Role.PPS_ADMIN])
def test_who_only_reads_is_offered_nothing(role: Role) -> None:
    state = replace(SOLD, fulfillment_status=FulfillmentStatus.QUEUED)
    actions = offered(state, Caller("ben", STUDIO, frozenset({role})))
    for offer in (actions.refund, actions.cancel_fulfillment, actions.send_message):
        assert code(offer.refusal) == "forbidden"


def test_a_message_needs_a_refund_and_an_address() -> None:
    refund = refund_of(hundred_dollars(), "rf_1", 100)
    for refunds, email, reason in (
        ({}, "dana@mail.example", "nothing_to_write_about"),
        ({"rf_1": refund}, None, "no_email_address"),
        ({"rf_1": refund}, "dana@mail.example", None),
    ):
        order = replace(record(SOLD, email=email), refunds=refunds)
        assert code(offered_actions(OWNER, order, None, Stops()).send_message.refusal) == reason
