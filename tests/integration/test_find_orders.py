"""Finding orders among real tables, and the panel of one."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functions.find_orders.search_orders import OrderSearch, SearchOrders
from functions.find_orders.show_order import ShowOrder
from functions.find_orders.views import (
    OrderList,
    OrderPanelView,
    OrderSummary,
    order_list,
    panel_view,
)
from shared.domain.errors import CursorError, OrderNotFoundError
from shared.domain.fulfillment import Step, move
from shared.domain.message import Message, MessageStatus, Template
from shared.domain.order import OrderRefundStatus
from shared.domain.refund_quote import ChosenLine
from shared.edge.cursor import cursor_for
from shared.gateways.order_lists import OrderLists
from shared.gateways.order_panels import OrderPanels
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.keys import (
    ORDER_SK,
    order_pk,
    placed_sk,
    primary_key,
    search_pk,
    status_pk,
)
from shared.gateways.records.message import message_to_item
from shared.gateways.records.order_state import state_to_item
from tests.integration.backend import Backend
from tests.records import line_record

pytestmark = pytest.mark.stack

MakeBackend = Callable[..., Backend]

NAMES = {
    "jose": ("José García", ["Lucía García"]),
    "obrien": ("Siobhan O'Brien", ["Finn O\u2019Brien"]),
    "van der": ("Pieter van der Berg", ["Sanne van der Berg"]),
    "nguyen": ("Nguyễn Thị Hương", ["Minh Nguyễn"]),
    "yamada": ("山田太郎", ["山田花子"]),
}


def find(  # noqa: PLR0913  # what is looked for
    backend: Backend,
    query: str | None = None,
    *,
    status: OrderRefundStatus | None = None,
    limit: int = 25,
    cursor: str | None = None,
    studio_id: str | None = None,
) -> OrderList:
    search = SearchOrders(OrderLists(backend.dynamodb, backend.orders_table))
    return order_list(
        search(studio_id or backend.studio_id, OrderSearch(query, status, limit, cursor))
    )


def find_all(
    backend: Backend,
    query: str | None = None,
    *,
    limit: int,
    status: OrderRefundStatus | None = None,
) -> list[OrderSummary]:
    """Follow the cursors to the end."""
    found: list[OrderSummary] = []
    page = find(backend, query, status=status, limit=limit)
    while True:
        assert len(page.items) <= limit
        found += page.items
        if page.next_cursor is None:
            return found
        page = find(backend, query, status=status, limit=limit, cursor=page.next_cursor)


def ids(orders: OrderList | list[OrderSummary]) -> list[str]:
    return [each.order_id for each in (orders if isinstance(orders, list) else orders.items)]


def named(backend: Backend, parent: str, subjects: list[str], **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # an import record's fields
    return backend.order(
        parent={"name": parent, "email": None},
        subjects=[
            {"subject_id": f"sub_{number}", "name": name}
            for number, name in enumerate(subjects, start=1)
        ],
        **changes,
    )


def bring_in(backend: Backend, *records: dict[str, Any]) -> list[str]:
    report = backend.import_orders(map(json.dumps, records))
    assert (report.imported, report.refused) == (len(records), [])
    return [record["order_id"] for record in records]


def placed(minute: int) -> str:
    return f"2026-09-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"


# Finding by names.


def test_names_are_found_as_people_type_them(backend: Backend) -> None:
    records = {short: named(backend, *names) for short, names in NAMES.items()}
    bring_in(backend, *records.values())
    by = {short: record["order_id"] for short, record in records.items()}
    for short, queries in {
        "jose": ["jose", "JOSÉ", "garcia jose", "lucia", "gar"],
        "obrien": ["O'Brien", "obrien", "O\u2019BRIEN", "brien finn", "siobhan o'b"],
        "van der": ["van der", "berg", "der van sanne", "Pieter VAN DER Berg"],
        "nguyen": ["nguyen", "Nguyễn", "NGUYỄN minh", "huong thi nguyen"],
        "yamada": ["山田", "太郎", "山田太郎", "山田 花子"],
    }.items():
        for query in queries:
            assert ids(find(backend, query)) == [by[short]], query
    for nothing in ("josefina", "garcia finn", "rien", "O'Brian", "", "!?", "'"):
        assert find(backend, nothing) == OrderList(items=[], next_cursor=None), nothing


def test_an_order_is_found_by_its_id(backend: Backend) -> None:
    first, second = bring_in(backend, backend.order(), backend.order())
    assert ids(find(backend, first)) == [first]
    assert ids(find(backend, second.upper())) == [second]
    assert sorted(ids(find(backend, f"ord_{backend.run}"))) == sorted([first, second])
    assert ids(find(backend, f"{second} parent dana")) == [second]


def test_an_order_is_named_once_however_many_of_its_words_match(backend: Backend) -> None:
    records = [
        named(backend, "Anna Annason", ["Annabel Annason", "Anna-Anne Annason", "Ann Hanna"]),
        named(backend, "Annie Anders", ["Ann Anders"]),
        named(backend, "Bob Stone", ["Anni Stone"]),
    ]
    everyone = sorted(bring_in(backend, *records))
    for query in ("a", "an", "ann", "ann an"):
        for limit in (1, 2, 3, 100):
            found = ids(find_all(backend, query, limit=limit))
            assert sorted(found) == everyone, (query, limit)
    assert ids(find(backend, "annason")) == [records[0]["order_id"]]


def test_a_word_among_many_others_costs_a_page_no_more_than_its_share(
    monkeypatch: pytest.MonkeyPatch, backend: Backend
) -> None:
    monkeypatch.setattr("functions.find_orders.search_orders._ENTRIES_A_ROUND", 3)
    monkeypatch.setattr("functions.find_orders.search_orders._ROUNDS", 2)
    bring_in(backend, *(named(backend, f"Smithson {name}son", ["Kai"]) for name in "BCDEFGHIJK"))
    (zoe,) = bring_in(backend, named(backend, "Zoe Smithson", ["Kai"], order_id=f"z{backend.run}"))
    pages: list[list[str]] = []
    cursor = None
    while not pages or cursor is not None:
        page = find(backend, "smithson zoe", cursor=cursor)
        pages.append(ids(page))
        cursor = page.next_cursor
    assert pages == [[], [zoe]]


# Pages.


def test_without_a_query_the_newest_come_first(backend: Backend) -> None:
    # As it was, not as it is written: the second is later than the first by its offset.
    times = ["2026-09-20T17:10:00Z", "2026-09-20T13:10:01-04:00", "2026-09-19T23:59:59.999Z"]
    records = [backend.order(placed_at=at) for at in times]
    first, second, third = bring_in(backend, *records)
    assert ids(find(backend)) == [second, first, third]
    assert ids(find_all(backend, limit=1)) == [second, first, third]
    assert find(backend, limit=3).next_cursor is None
    assert find(backend).items[0].placed_at == times[1]


@pytest.mark.parametrize("query", [None, "parent"])
def test_pages_are_stable_while_orders_come_in(backend: Backend, query: str | None) -> None:
    there = bring_in(
        backend, *(backend.order(placed_at=placed(10 * number)) for number in range(1, 12))
    )
    seen: list[str] = []
    cursor = None
    for number in range(100):
        page = find(backend, query, limit=2, cursor=cursor)
        seen += ids(page)
        cursor = page.next_cursor
        if cursor is None:
            break
        if number < 5:
            # One that is newer than all, and one that is older.
            new, old = placed(1000 + number), placed(9)
            bring_in(backend, backend.order(placed_at=new), backend.order(placed_at=old))
    assert cursor is None
    assert len(seen) == len(set(seen))
    assert set(there) <= set(seen)
    if query is None:
        assert [each for each in seen if each in there] == list(reversed(there))
        assert len(seen) == len(there) + 5


def test_a_page_that_ends_with_an_erased_order_goes_on(backend: Backend) -> None:
    order_ids = bring_in(backend, *(backend.order(placed_at=placed(n)) for n in range(3)))
    backend.dynamodb.delete_item(
        TableName=backend.orders_table,
        Key=primary_key(order_pk(backend.key(order_ids[1])), ORDER_SK),
    )
    for query in (None, "parent"):
        assert set(ids(find_all(backend, query, limit=1))) == {order_ids[0], order_ids[2]}
    # Its place in the list is gone; the cursor that names it still leads on.
    place = placed_sk("2026-09-01T00:01:00.000Z", order_ids[1])
    cursor = cursor_for([place], "orders", backend.studio_id, None, None)
    assert ids(find(backend, cursor=cursor)) == [order_ids[0]]


# By refund status.


def test_lists_are_filtered_by_how_far_orders_are_refunded(backend: Backend) -> None:
    states = dict.fromkeys(OrderRefundStatus, "")
    for state in states:
        states[state] = backend.sell(parent={"name": f"Dana {state}", "email": None})
    backend.refund(states[OrderRefundStatus.REFUNDED])
    backend.refund(states[OrderRefundStatus.PARTIALLY_REFUNDED], 2500)
    backend.deliver()
    backend.drain()
    backend.refund(states[OrderRefundStatus.PENDING], 100)
    for state, order_id in states.items():
        for query in (None, "dana", "dana " + state.value):
            (found,) = find_all(backend, query, limit=2, status=state)
            assert (found.order_id, found.refund_status) == (order_id, state)
        assert ids(find(backend, "nobody", status=state)) == []


def test_an_order_that_is_in_an_index_still_and_of_another_status_now_is_left_out(
    backend: Backend,
) -> None:
    (order_id,) = bring_in(backend, backend.order())
    state = backend.record(order_id).state
    item = state_to_item(replace(state, version=1, committed_amount=10))
    # As the table and its index are for a moment after a refund was requested.
    lagging = item | {"status_pk": {"S": status_pk(backend.studio_id, OrderRefundStatus.NONE)}}
    backend.dynamodb.put_item(TableName=backend.orders_table, Item=lagging)
    for query in (None, "dana"):
        assert ids(find(backend, query, status=OrderRefundStatus.NONE)) == []
    assert ids(find(backend, "dana", status=OrderRefundStatus.PENDING)) == [order_id]


# What nobody may see, and what is no cursor.


def test_another_studios_orders_are_never_shown(
    backend: Backend, make_backend: MakeBackend
) -> None:
    other = make_backend()
    other.orders_table = backend.orders_table
    studio = json.dumps(
        {
            "studio_id": other.studio_id,
            "name": "Other",
            "timezone": "UTC",
            "currency": "usd",
            "rev_share_bps": 1500,
            "from_address": "a@b.example",
            "negative_balance_limit": 0,
        }
    )
    assert backend.import_studios([studio]).imported == 1
    mine, theirs = backend.order(), backend.order(studio_id=other.studio_id)
    bring_in(backend, mine, theirs)
    for query in (None, "dana", "parent", mine["order_id"]):
        assert ids(find(backend, query)) == [mine["order_id"]]
    assert ids(find(backend, theirs["order_id"])) == []
    for status in OrderRefundStatus:
        assert theirs["order_id"] not in ids(find(backend, status=status))
    with pytest.raises(OrderNotFoundError) as of_another:
        show_order(backend)(backend.caller, theirs["order_id"])
    with pytest.raises(OrderNotFoundError) as of_nobody:
        show_order(backend)(backend.caller, "ord_nobodys")
    assert of_another.value.detail == of_nobody.value.detail


def test_a_cursor_is_good_for_its_own_list_alone(backend: Backend) -> None:
    bring_in(backend, *(backend.order() for _ in range(3)))
    of_all = find(backend, limit=1).next_cursor
    of_dana = find(backend, "dana", limit=1).next_cursor
    of_none = find(backend, status=OrderRefundStatus.NONE, limit=1).next_cursor
    assert of_all
    assert of_dana
    assert of_none
    assert find(backend, "dana", limit=2, cursor=of_dana).items
    for cursor, query, status, studio_id in (
        (of_all, None, None, "st_another"),
        (of_all, "dana", None, None),
        (of_all, None, OrderRefundStatus.NONE, None),
        (of_dana, None, None, None),
        (of_dana, "dan", None, None),
        (of_dana, "dana", OrderRefundStatus.NONE, None),
        (of_none, None, OrderRefundStatus.PENDING, None),
    ):
        with pytest.raises(CursorError):
            find(backend, query, status=status, cursor=cursor, studio_id=studio_id)


def of_own_making(backend: Backend, query: str | None, position: object) -> str:
    """Return a cursor with the right scope and any position."""
    made = cursor_for(["x"], "orders", backend.studio_id, query, None)
    scope = json.loads(base64.urlsafe_b64decode(made + "=="))[0]
    text = json.dumps([scope, position])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("query", [None, "dana"])
@pytest.mark.parametrize(
    "position",
    ["", "x", "dana", "dana#", "#ord_1", "dana#\ud800", "dana\ud800#ord_1", "dana#ord#1", 7, None],
)
def test_a_cursor_of_the_clients_own_making_is_refused(
    backend: Backend, query: str | None, position: object
) -> None:
    with pytest.raises(CursorError):
        find(backend, query, cursor=of_own_making(backend, query, position))


def test_a_cursor_cannot_leave_the_words_that_were_looked_for(backend: Backend) -> None:
    with pytest.raises(CursorError):
        find(backend, "dana", cursor=of_own_making(backend, "dana", "zoe#ord_1"))
    # Within them it names a place, whether or not there is an order.
    (order_id,) = bring_in(backend, backend.order())
    assert ids(find(backend, "dana", cursor=of_own_making(backend, "dana", "dana#0"))) == [order_id]


# Search entries.


def test_each_token_of_an_order_has_an_entry_and_each_entry_an_order(backend: Backend) -> None:
    bring_in(backend, *(named(backend, *names) for names in NAMES.values()))
    # The same again, and one whose charge is taken: neither leaves an entry behind.
    good = backend.order()
    bring_in(backend, good)
    clash = backend.order(stripe=good["stripe"], parent={"name": "Clashing", "email": None})
    assert backend.import_orders([json.dumps(good), json.dumps(clash)]).imported == 0
    pages = backend.dynamodb.get_paginator("query").paginate(
        TableName=backend.orders_table,
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": search_pk(backend.studio_id)}},
    )
    entries = [unmarshal(item) for page in pages for item in page["Items"]]
    by_order: dict[str, set[str]] = {}
    for entry in entries:
        by_order.setdefault(entry["order_id"], set()).add(entry["SK"].partition("#")[0])
    assert sorted(by_order) == sorted(backend.order_ids())
    for entry in entries:
        assert by_order[entry["order_id"]] == set(entry["tokens"].split())


# The panel.


def show_order(backend: Backend) -> ShowOrder:
    return ShowOrder(OrderPanels(backend.dynamodb, backend.orders_table))


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


def test_the_panel_shows_all_of_an_order_in_one_query(backend: Backend) -> None:
    record = backend.order(
        line_items=[
            line_record("li_1", 3, 2500, tax_amount=300),
            line_record("li_2", 1, 2000, discount_amount=100),
        ],
        shipping_amount=250,
        shipping_tax_amount=50,
        fulfillment={"status": "queued", "claimed_by": None},
    )
    (order_id,) = bring_in(backend, record)
    backend.charge(record)
    settled = backend.refund(order_id, lines=(ChosenLine("li_1", 1),))
    backend.deliver()
    backend.drain()
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
    assert calls == ["Query"]

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
    assert [each.refund_id for each in shown.refunds] == [pending.refund_id, settled.refund_id]
    assert [each.display_status for each in shown.refunds] == ["Pending", "Refunded"]
    steps = [(step.status.value, step.by) for step in shown.refunds[1].history]
    assert steps[0] == ("requested", "tester")
    assert steps[-1] == ("settled", "payout_adjust")
    assert shown.refunds[1].reason == "other"
    # Two days old, so nobody can say any more whether they were sent.
    assert [each.message_id for each in shown.messages] == ["msg_2", "msg_1"]
    assert {each.status for each in shown.messages} == {MessageStatus.UNKNOWN}
    assert shown.messages[0].sender == "Test Studio <orders@studio.example>"
    assert shown.stripe.model_dump() == record["stripe"]
    assert shown.fulfillment.model_dump() == {
        "status": "queued",
        "claimed_by": None,
        "canceled_by": None,
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
    # After an amount, a line cannot give back more than is left of the order.
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


def test_of_an_order_that_was_not_charged_nothing_is_refundable(backend: Backend) -> None:
    record = backend.order(shipping_amount=0)
    record["stripe"] = {**record["stripe"], "charge_id": None, "payment_intent_id": None}
    (order_id,) = bring_in(backend, record)
    shown = panel(backend, order_id)
    assert shown.stripe.charge_id is None
    assert (shown.total_amount, shown.refundable_amount) == (10000, 0)
    assert {line.refundable_quantity for line in shown.line_items} == {0}
    assert {line.refundable_amount for line in shown.line_items} == {0}
    assert find(backend).items[0].refundable_amount == 0


@pytest.mark.parametrize("status", ["none", "queued", "claimed", "printed", "shipped", "canceled"])
def test_an_imported_print_is_where_the_import_says(backend: Backend, status: str) -> None:
    by = "station-1" if status in {"claimed", "printed", "shipped"} else None
    (order_id,) = bring_in(backend, backend.order(fulfillment={"status": status, "claimed_by": by}))
    shown = panel(backend, order_id)
    assert (shown.fulfillment.status, shown.fulfillment.claimed_by) == (status, by)
    on_the_job = 0 if status in {"none", "canceled"} else 3
    assert shown.line_items[0].print_quantity == on_the_job
    (listed,) = find(backend).items
    assert listed.fulfillment.model_dump() == {"status": status, "claimed_by": by}


def test_the_panel_shows_the_print_as_it_is_and_not_as_it_was_imported(backend: Backend) -> None:
    (order_id,) = bring_in(
        backend, backend.order(fulfillment={"status": "queued", "claimed_by": None})
    )
    at = "2026-10-01T00:00:00.000Z"
    for step, by in ((Step.CLAIM, "station-7"), (Step.CANCEL, "ana")):
        state = move(backend.record(order_id).state, step, at, by)
        assert state is not None
        backend.orders.update_state(state)
    assert panel(backend, order_id).fulfillment.model_dump() == {
        "status": "canceled",
        "claimed_by": "station-7",
        "canceled_by": "ana",
        "history": [
            {"status": "claimed", "at": at, "by": "station-7"},
            {"status": "canceled", "at": at, "by": "ana"},
        ],
    }


def test_a_dispute_shows_in_list_and_panel(backend: Backend) -> None:
    (order_id,) = bring_in(backend, backend.order())
    state = backend.record(order_id).state
    at = "2026-10-01T00:00:00.000Z"
    backend.orders.update_state(
        replace(state, dispute_id="dp_1", dispute_status="needs_response", disputed_at=at)
    )
    shown = panel(backend, order_id)
    assert (shown.dispute_id, shown.dispute_status, shown.disputed_at) == (
        "dp_1",
        "needs_response",
        at,
    )
    assert find(backend).items[0].dispute_status == "needs_response"


def test_an_erased_order_has_no_panel(backend: Backend) -> None:
    (order_id,) = bring_in(backend, backend.order())
    backend.dynamodb.delete_item(
        TableName=backend.orders_table, Key=primary_key(order_pk(backend.key(order_id)), ORDER_SK)
    )
    with pytest.raises(OrderNotFoundError):
        panel(backend, order_id)
