"""The panel of one order, on real tables."""

from dataclasses import dataclass
from typing import Any

import pytest

from functions.find_orders.panel_views import OrderPanelView, panel_view
from shared.domain.errors import OrderNotFoundError
from shared.domain.fulfillment import Step, take_step
from shared.domain.message import Message, MessageStatus
from shared.domain.message_template import Template
from shared.domain.order import OrderRefundStatus
from shared.domain.refund_quote import ChosenLine
from shared.edge.auth import Caller, Role
from shared.gateways.people import People
from shared.gateways.records.keys import ORDER_SK, order_pk, primary_key
from shared.gateways.records.message import message_to_item
from tests.integration.backend import Backend, MakeBackend
from tests.integration.order_search import find, import_all, show_order
from tests.records import line_record

pytestmark = pytest.mark.stack


def panel(backend: Backend, order_id: str) -> OrderPanelView:
    return panel_view(show_order(backend)(backend.caller, order_id), backend.clock())


def message(backend: Backend, order_id: str, refund_id: str, number: int) -> Message:
    return Message(
        message_id=f"msg_{number}",
        order_id=order_id,
        studio_id=backend.studio_id,
        refund_id=refund_id,
        template=Template.REFUND_CONFIRMATION,
        status=MessageStatus.SENDING,
        from_name="Test Studio",
        from_address="orders@studio.example",
        to_address="dana@mail.example",
        subject="Your refund",
        text="5-10 business days",
        html="<p>5-10 business days</p>",
        edited=False,
        created_by="tester",
        created_at=f"2026-09-2{number}T00:00:00.000Z",
        fingerprint="f",
    )


@dataclass(frozen=True)
class Refunded:
    """An order with a settled refund, a pending one and two messages, and what its panel shows."""

    record: dict[str, Any]
    settled_id: str
    pending_id: str
    shown: OrderPanelView
    calls: list[str]


@pytest.fixture
def refunded(backend: Backend) -> Refunded:
    record = backend.order(
        line_items=[
            line_record("li_1", 3, 2500, tax_amount=300),
            line_record("li_2", 1, 2000, discount_amount=100),
        ],
        shipping_amount=250,
        shipping_tax_amount=50,
        fulfillment={"status": "queued", "claimed_by": None},
    )
    (order_id,) = import_all(backend, record)
    backend.charge(record)
    settled = backend.refund(order_id, lines=(ChosenLine("li_1", 1),))
    backend.settle_all()
    pending = backend.refund(order_id, 1000)
    for number in (1, 2):
        backend.dynamodb.put_item(
            TableName=backend.orders_table,
            Item=message_to_item(message(backend, order_id, settled.refund_id, number)),
        )
    calls: list[str] = []
    backend.dynamodb.meta.events.register(
        "before-call.dynamodb", lambda model, **_: calls.append(model.name), unique_id="panel"
    )
    try:
        shown = panel(backend, order_id)
    finally:
        backend.dynamodb.meta.events.unregister("before-call.dynamodb", unique_id="panel")
    return Refunded(record, settled.refund_id, pending.refund_id, shown, calls)


def test_the_panel_needs_one_query_and_the_users_names(refunded: Refunded) -> None:
    assert refunded.calls == ["Query", "BatchGetItem"]


def test_the_panel_shows_the_money_of_an_order_and_of_its_lines(refunded: Refunded) -> None:
    shown = refunded.shown
    assert (shown.total_amount, shown.refunded_amount) == (10000, 2600)
    assert (shown.pending_refund_amount, shown.refundable_amount) == (1000, 6400)
    assert shown.refund_status is OrderRefundStatus.PENDING
    assert (shown.tax_amount, shown.tax_refunded_amount) == (350, 100)
    assert (shown.rev_share_amount, shown.rev_share_reversed_amount) == (1500, 390)
    first, second = shown.line_items
    assert (first.net_amount, first.refundable_quantity, first.refundable_amount) == (7800, 2, 5200)
    assert (first.quantity, first.print_quantity, first.tax_amount) == (3, 2, 300)
    assert (second.refundable_quantity, second.refundable_amount) == (1, 1900)
    assert second.print_quantity == 1
    assert shown.shipping_refundable_amount == 300
    assert shown.money.model_dump() == {
        "captured_amount": 10000,
        "refunded_amount": 2600,
        "pending_amount": 1000,
        "withdrawn_amount": 0,
        "paid_otherwise_amount": 0,
        "refundable_amount": 6400,
    }
    assert (shown.actions.refund.allowed, shown.actions.refund.max_amount) == (True, 6400)


def test_the_panel_shows_refunds_messages_and_what_happened(refunded: Refunded) -> None:
    shown = refunded.shown
    pending, settled = shown.refunds
    assert [pending.refund_id, settled.refund_id] == [refunded.pending_id, refunded.settled_id]
    assert [each.display_status for each in shown.refunds] == ["Pending", "Refunded"]
    assert pending.pending_detail is not None
    happened = [each.at for each in shown.timeline]
    assert happened == sorted(happened, reverse=True)
    assert {each.kind for each in shown.timeline} == {"ordered", "refund", "message"}
    steps = [(step.status.value, step.by) for step in settled.history]
    assert steps[0] == ("requested", "tester")
    assert steps[-1] == ("settled", "payout_adjust")
    assert settled.reason == "other"
    # The messages are days old and were never recorded as sent: their outcome is unknown.
    assert [each.message_id for each in shown.messages] == ["msg_2", "msg_1"]
    assert {each.status for each in shown.messages} == {MessageStatus.UNKNOWN}
    assert shown.messages[0].sender == "Test Studio <orders@studio.example>"


def test_the_panel_shows_the_print_and_the_charge(refunded: Refunded) -> None:
    shown = refunded.shown
    assert shown.stripe.model_dump() == refunded.record["stripe"]
    assert shown.actions.cancel_fulfillment.allowed
    assert shown.fulfillment.model_dump() == {
        "status": "queued",
        "claimed_by": None,
        "claimed_by_name": None,
        "claimed_at": None,
        "canceled_by": None,
        "canceled_by_name": None,
        "history": [],
    }


def test_what_the_panel_calls_refundable_can_be_refunded(backend: Backend) -> None:
    order_id = backend.sell(
        line_items=[line_record("li_1", 3, 2500), line_record("li_2", 1, 2200)],
        shipping_amount=300,
    )
    for _ in range(3):
        before = panel(backend, order_id).line_items[0]
        refund = backend.refund(order_id, lines=(ChosenLine("li_1", 1),))
        after = panel(backend, order_id).line_items[0]
        assert before.refundable_amount - after.refundable_amount == refund.amount
        assert before.refundable_quantity - after.refundable_quantity == 1
    backend.refund(order_id, shipping=True)
    assert panel(backend, order_id).shipping_refundable_amount == 0
    # After a partial refund, a line cannot give back more than is left of the order.
    backend.refund(order_id, 1000)
    shown = panel(backend, order_id)
    assert shown.refundable_amount == shown.line_items[1].refundable_amount == 1200
    backend.refund(order_id)
    shown = panel(backend, order_id)
    assert shown.refundable_amount == 0
    assert [(line.refundable_quantity, line.refundable_amount) for line in shown.line_items] == [
        (0, 0),
        (0, 0),
    ]


def test_an_order_that_was_not_charged_has_nothing_refundable(backend: Backend) -> None:
    record = backend.order(shipping_amount=0)
    record["stripe"] = {**record["stripe"], "charge_id": None, "payment_intent_id": None}
    (order_id,) = import_all(backend, record)
    shown = panel(backend, order_id)
    assert shown.stripe.charge_id is None
    assert (shown.total_amount, shown.refundable_amount) == (10000, 0)
    assert {line.refundable_quantity for line in shown.line_items} == {0}
    assert {line.refundable_amount for line in shown.line_items} == {0}
    assert find(backend).items[0].refundable_amount == 0


@pytest.mark.parametrize("status", ["none", "queued", "claimed", "printed", "shipped", "canceled"])
def test_an_imported_print_has_the_imported_status(backend: Backend, status: str) -> None:
    by = "station-1" if status in {"claimed", "printed", "shipped"} else None
    (order_id,) = import_all(
        backend, backend.order(fulfillment={"status": status, "claimed_by": by})
    )
    shown = panel(backend, order_id)
    assert (shown.fulfillment.status, shown.fulfillment.claimed_by) == (status, by)
    on_the_job = 0 if status in {"none", "canceled"} else 3
    assert shown.line_items[0].print_quantity == on_the_job
    (listed,) = find(backend).items
    assert listed.fulfillment.model_dump() == {"status": status, "claimed_by": by}


def test_the_panel_shows_the_current_print_status_not_the_imported_one(backend: Backend) -> None:
    (order_id,) = import_all(
        backend, backend.order(fulfillment={"status": "queued", "claimed_by": None})
    )
    at = "2026-10-01T00:00:00.000Z"
    for step, by in ((Step.CLAIM, "station-7"), (Step.CANCEL, "ana")):
        state = take_step(backend.record(order_id).state, step, at, by)
        assert state is not None
        backend.orders.update_state(state)
    People(backend.dynamodb, backend.orders_table).record_name(backend.studio_id, "ana", "Ana Ruiz")
    assert panel(backend, order_id).fulfillment.model_dump() == {
        "status": "canceled",
        "claimed_by": "station-7",
        "claimed_by_name": "station-7",
        "claimed_at": at,
        "canceled_by": "ana",
        "canceled_by_name": "Ana Ruiz",
        "history": [
            {"status": "claimed", "at": at, "by": "station-7", "by_name": "station-7"},
            {"status": "canceled", "at": at, "by": "ana", "by_name": "Ana Ruiz"},
        ],
    }


def test_a_dispute_shows_in_list_and_panel(backend: Backend) -> None:
    (order_id,) = import_all(backend, backend.order())
    charge_id = backend.record(order_id).order.charge_id
    dispute = backend.control("disputes", charge=charge_id)
    backend.deliver()
    shown = panel(backend, order_id)
    (only,) = shown.disputes
    assert (shown.dispute_id, shown.dispute_status, shown.disputed_at) == (
        dispute["id"],
        "needs_response",
        only.created_at,
    )
    assert (only.withdrawn_amount, only.fee_amount, only.blocks_refunds) == (10_000, 1500, True)
    assert (shown.withdrawn_amount, shown.refundable_amount) == (10_000, 0)
    assert find(backend).items[0].dispute_status == "needs_response"


def test_names_are_those_of_the_studios_own_users(
    backend: Backend, make_backend: MakeBackend
) -> None:
    people = People(backend.dynamodb, backend.orders_table)
    neighbor = make_backend(neighbor=backend)
    people.record_name(neighbor.studio_id, "tester", "A stranger")
    order_id = backend.sell()
    backend.refund(order_id, 100)
    assert panel(backend, order_id).refunds[0].processed_by_name == "tester"
    for name in ("Tess Ter", "Tess Ter-Lee"):  # married meanwhile
        people.record_name(backend.studio_id, "tester", name)
        shown = panel(backend, order_id)
        assert shown.refunds[0].processed_by_name == name
        assert shown.refunds[0].requested_by == "tester"
        assert name in {each.by_name for each in shown.timeline}


def test_staff_are_offered_what_their_limit_leaves(backend: Backend) -> None:
    backend.studio["staff_refund_limit_amount"] = 2_500
    backend.import_studio(update=True)
    order_id = backend.sell()
    backend.caller = Caller("sam", backend.studio_id, frozenset({Role.STAFF}))
    assert panel(backend, order_id).actions.refund.max_amount == 2_500
    backend.refund(order_id, 2_500)
    offer = panel(backend, order_id).actions.refund
    assert (offer.allowed, offer.reason) == (False, "refund_limit_exceeded")


def test_an_erased_order_has_no_panel(backend: Backend) -> None:
    (order_id,) = import_all(backend, backend.order())
    backend.dynamodb.delete_item(
        TableName=backend.orders_table, Key=primary_key(order_pk(backend.key(order_id)), ORDER_SK)
    )
    with pytest.raises(OrderNotFoundError):
        panel(backend, order_id)
