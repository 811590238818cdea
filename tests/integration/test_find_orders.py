"""Orders are found by name, id and refund status; pages stay stable while orders come in."""

import json
import time
from dataclasses import replace

import pytest

from functions.find_orders.order_filter import DisputeFilter, OrderFilter
from functions.find_orders.views import OrderList
from shared.domain.order import FulfillmentStatus, OrderRefundStatus
from shared.edge.cursor import cursor_for
from shared.gateways.attention import Attention
from shared.gateways.order_lists import TimeRange
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.keys import (
    ORDER_SK,
    AttentionPartition,
    order_pk,
    placed_sk,
    primary_key,
    search_pk,
    status_pk,
)
from shared.gateways.records.order_state import state_to_item
from shared.gateways.records.refund import refund_to_item
from shared.gateways.refund_lists import RefundLists
from tests.integration.backend import Backend
from tests.integration.order_search import NAMES, find, find_all, ids, import_all, named, placed

pytestmark = pytest.mark.stack


# Finding by names.


def test_names_are_found_as_people_type_them(backend: Backend) -> None:
    records = {short: named(backend, *names) for short, names in NAMES.items()}
    import_all(backend, *records.values())
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
    for nothing in ("josefina", "garcia finn", "rien", "O'Brian"):
        assert find(backend, nothing) == OrderList(items=[], next_cursor=None), nothing


@pytest.mark.parametrize("query", ["", " ", "…", "!?", "'"])
def test_a_query_without_a_letter_or_digit_lists_all_orders(backend: Backend, query: str) -> None:
    import_all(backend, *(backend.order() for _ in range(3)))
    first = find(backend, limit=2)
    assert find(backend, query, limit=2) == first
    rest = find(backend, query, limit=2, cursor=first.next_cursor)
    assert rest == find(backend, limit=2, cursor=first.next_cursor)
    assert len({*ids(first), *ids(rest)}) == 3


def test_an_order_is_found_by_its_id(backend: Backend) -> None:
    first, second = import_all(backend, backend.order(), backend.order())
    assert ids(find(backend, first)) == [first]
    assert ids(find(backend, second.upper())) == [second]
    assert sorted(ids(find(backend, f"ord_{backend.run}"))) == sorted([first, second])
    assert ids(find(backend, f"{second} parent dana")) == [second]


def test_an_order_is_listed_once_however_many_of_its_words_match(backend: Backend) -> None:
    records = [
        named(backend, "Anna Annason", ["Annabel Annason", "Anna-Anne Annason", "Ann Hanna"]),
        named(backend, "Annie Anders", ["Ann Anders"]),
        named(backend, "Bob Stone", ["Anni Stone"]),
    ]
    everyone = sorted(import_all(backend, *records))
    for query in ("a", "an", "ann", "ann an"):
        for limit in (1, 2, 3, 100):
            found = ids(find_all(backend, query, limit=limit))
            assert sorted(found) == everyone, (query, limit)
    assert ids(find(backend, "annason")) == [records[0]["order_id"]]


def test_a_page_reads_only_its_share_of_the_entries_of_a_common_word(
    monkeypatch: pytest.MonkeyPatch, backend: Backend
) -> None:
    monkeypatch.setattr("functions.find_orders.search_orders._ENTRIES_A_ROUND", 3)
    monkeypatch.setattr("functions.find_orders.search_orders._ROUNDS", 2)
    import_all(backend, *(named(backend, f"Smithson {name}son", ["Kai"]) for name in "BCDEFGHIJK"))
    (zoe,) = import_all(
        backend, named(backend, "Zoe Smithson", ["Kai"], order_id=f"z{backend.run}")
    )
    pages: list[list[str]] = []
    cursor = None
    while not pages or cursor is not None:
        page = find(backend, "smithson zoe", cursor=cursor)
        pages.append(ids(page))
        cursor = page.next_cursor
    assert pages == [[], [zoe]]


# Pages.


def test_without_a_query_the_newest_come_first(backend: Backend) -> None:
    # Sorted by the moment, not by the text: the second is later because of its offset.
    times = ["2026-09-20T17:10:00Z", "2026-09-20T13:10:01-04:00", "2026-09-19T23:59:59.999Z"]
    records = [backend.order(placed_at=at) for at in times]
    first, second, third = import_all(backend, *records)
    assert ids(find(backend)) == [second, first, third]
    assert ids(find_all(backend, limit=1)) == [second, first, third]
    assert find(backend, limit=3).next_cursor is None
    assert find(backend).items[0].placed_at == times[1]


@pytest.mark.parametrize("query", [None, "parent"])
def test_pages_are_stable_while_orders_come_in(backend: Backend, query: str | None) -> None:
    there = import_all(
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
            # One order that is newer than all others, and one that is older.
            new, old = placed(1000 + number), placed(9)
            import_all(backend, backend.order(placed_at=new), backend.order(placed_at=old))
    assert cursor is None
    assert len(seen) == len(set(seen))
    assert set(there) <= set(seen)
    if query is None:
        assert [each for each in seen if each in there] == list(reversed(there))
        assert len(seen) == len(there) + 5


def test_pages_continue_past_an_erased_order(backend: Backend) -> None:
    order_ids = import_all(backend, *(backend.order(placed_at=placed(n)) for n in range(3)))
    backend.dynamodb.delete_item(
        TableName=backend.orders_table,
        Key=primary_key(order_pk(backend.key(order_ids[1])), ORDER_SK),
    )
    for query in (None, "parent"):
        assert set(ids(find_all(backend, query, limit=1))) == {order_ids[0], order_ids[2]}
    # The order left the list. A cursor that names its position still works.
    place = placed_sk("2026-09-01T00:01:00.000Z", order_ids[1])
    cursor = cursor_for([place], "orders", backend.studio_id, None, *OrderFilter().scope)
    assert ids(find(backend, cursor=cursor)) == [order_ids[0]]


# By refund status.


def test_lists_are_filtered_by_refund_status(backend: Backend) -> None:
    states = dict.fromkeys(OrderRefundStatus, "")
    for state in states:
        states[state] = backend.sell(parent={"name": f"Dana {state}", "email": None})
    backend.refund(states[OrderRefundStatus.REFUNDED])
    backend.refund(states[OrderRefundStatus.PARTIALLY_REFUNDED], 2500)
    backend.settle_all()
    backend.refund(states[OrderRefundStatus.PENDING], 100)
    for state, order_id in states.items():
        for query in (None, "dana", "dana " + state.value):
            (found,) = find_all(backend, query, limit=2, status=state)
            assert (found.order_id, found.refund_status) == (order_id, state)
        assert ids(find(backend, "nobody", status=state)) == []


def test_an_order_whose_status_changed_is_left_out_while_the_index_lags(
    backend: Backend,
) -> None:
    (order_id,) = import_all(backend, backend.order())
    state = backend.record(order_id).state
    item = state_to_item(replace(state, version=1, committed_amount=10))
    # As if the index lagged after a refund failed late and another was requested.
    lagging = item | {"status_pk": {"S": status_pk(backend.studio_id, OrderRefundStatus.REFUNDED)}}
    backend.dynamodb.put_item(TableName=backend.orders_table, Item=lagging)
    for query in (None, "dana"):
        for status in (OrderRefundStatus.NONE, OrderRefundStatus.REFUNDED):
            assert ids(find(backend, query, status=status)) == []
    assert ids(find(backend, "dana", status=OrderRefundStatus.PENDING)) == [order_id]


@pytest.mark.parametrize("limit", [1, 2, 25])
def test_pending_orders_are_listed_once_with_the_newest_refund_first(
    backend: Backend, limit: int
) -> None:
    first, second, third = (backend.sell(placed_at=placed(n)) for n in (3, 1, 2))
    backend.refund_and_settle(first, 500)
    for order_id in (first, second, first, third, second):
        backend.refund(order_id, 100)
        time.sleep(0.002)  # the next refund is requested in a later millisecond
    pending = OrderFilter(OrderRefundStatus.PENDING)
    assert ids(find_all(backend, limit=limit, where=pending)) == [second, third, first]
    # It is partially refunded, and shows the refund in flight until that settles.
    partly = OrderFilter(OrderRefundStatus.PARTIALLY_REFUNDED)
    assert ids(find_all(backend, limit=limit, where=partly)) == []
    on_their_days = replace(pending, placed=_minutes(1, 3))
    assert ids(find_all(backend, limit=limit, where=on_their_days)) == [second, third]
    backend.settle_all()
    assert ids(find_all(backend, limit=limit, where=pending)) == []
    assert ids(find_all(backend, limit=limit, where=partly)) == [first, third, second]


def test_open_refunds_of_a_studio_with_a_similar_id_are_not_shown(backend: Backend) -> None:
    refund = backend.refund(backend.sell(), 100)
    for studio_id in (f"{backend.studio_id}0", f"{backend.studio_id}-", backend.studio_id[:-1]):
        item = refund_to_item(replace(refund, studio_id=studio_id))
        backend.dynamodb.put_item(TableName=backend.orders_table, Item=item)
    listed = RefundLists(backend.dynamodb, backend.orders_table).between(
        backend.studio_id, AttentionPartition.OPEN, "1", "9"
    )
    assert [each.key.refund_id for each in listed] == [refund.refund_id]
    attention = Attention(backend.dynamodb, backend.orders_table)
    assert [each.studio_id for each in attention.open_refunds(backend.studio_id)] == [
        backend.studio_id
    ]


def test_a_page_of_unrefunded_orders_goes_on_past_refunded_ones(backend: Backend) -> None:
    """Orders with refunds stand in the same list; a page reads on until it is full."""
    wanted = [backend.sell(placed_at=placed(n)) for n in range(3)]
    for n in range(3, 8):
        backend.refund(backend.sell(placed_at=placed(n)), 100)
    unrefunded = OrderFilter(OrderRefundStatus.NONE)
    assert ids(find(backend, limit=2, where=unrefunded)) == [wanted[2], wanted[1]]
    assert ids(find_all(backend, limit=1, where=unrefunded)) == wanted[::-1]


def test_a_page_of_unrefunded_orders_has_a_bound_and_a_cursor(
    monkeypatch: pytest.MonkeyPatch, backend: Backend
) -> None:
    monkeypatch.setattr("functions.find_orders.search_orders._MOST_ORDERS", 4)
    oldest = backend.sell(placed_at=placed(0))
    for n in range(1, 7):
        backend.refund(backend.sell(placed_at=placed(n)), 100)
    unrefunded = OrderFilter(OrderRefundStatus.NONE)
    page = find(backend, limit=1, where=unrefunded)
    assert ids(page) == []
    assert ids(find(backend, limit=1, where=unrefunded, cursor=page.next_cursor)) == [oldest]


# By print, photo day, dispute and date.


def test_lists_are_filtered_by_each_thing_and_by_all_of_them(backend: Backend) -> None:
    fall, spring = (
        {"photo_day_id": f"pd_{n}", "name": f"{n} Photo Day"} for n in ("Fall", "Spring")
    )
    queued, printed, shipped = import_all(
        backend,
        *(
            backend.order(
                placed_at=placed(n),
                photo_day=day,
                fulfillment={"status": status, "claimed_by": None if n == 1 else "op_1"},
            )
            for n, (status, day) in enumerate(
                (("queued", fall), ("printed", spring), ("shipped", spring)), start=1
            )
        ),
    )
    backend.control("disputes", charge=backend.record(shipped).order.charge_id)
    backend.deliver()
    second = _minutes(2, 3)
    for where, expected in (
        (OrderFilter(print_status=FulfillmentStatus.QUEUED), [queued]),
        (OrderFilter(print_status=FulfillmentStatus.SHIPPED), [shipped]),
        (OrderFilter(print_status=FulfillmentStatus.CANCELED), []),
        (OrderFilter(photo_day="pd_Spring"), [shipped, printed]),
        (OrderFilter(photo_day="spring p"), [shipped, printed]),
        (OrderFilter(dispute=DisputeFilter.OPEN), [shipped]),
        (OrderFilter(dispute=DisputeFilter.ANY), [shipped]),
        (OrderFilter(dispute=DisputeFilter.NONE), [printed, queued]),
        (OrderFilter(dispute=DisputeFilter.LOST), []),
        (OrderFilter(placed=second), [printed]),
        (OrderFilter(placed=second, print_status=FulfillmentStatus.PRINTED), [printed]),
        (OrderFilter(placed=second, dispute=DisputeFilter.OPEN), []),
        (OrderFilter(OrderRefundStatus.NONE, placed=second), [printed]),
    ):
        for limit in (1, 2, 25):
            for query in (None, "dana"):
                found = ids(find_all(backend, query, limit=limit, where=where))
                assert (found if query is None else sorted(found)) == (
                    expected if query is None else sorted(expected)
                ), (where, limit, query)


def test_a_page_of_a_filtered_list_reads_only_its_share(
    monkeypatch: pytest.MonkeyPatch, backend: Backend
) -> None:
    monkeypatch.setattr("functions.find_orders.search_orders._ORDERS_A_ROUND", 2)
    monkeypatch.setattr("functions.find_orders.search_orders._MOST_ORDERS", 4)
    wanted = {"photo_day_id": "pd_old", "name": "Old"}
    oldest, *_ = import_all(
        backend,
        backend.order(placed_at=placed(0), photo_day=wanted),
        *(backend.order(placed_at=placed(n)) for n in range(1, 9)),
    )
    pages: list[list[str]] = []
    cursor = None
    while not pages or cursor is not None:
        page = find(backend, where=OrderFilter(photo_day="pd_old"), cursor=cursor)
        pages.append(ids(page))
        cursor = page.next_cursor
    assert pages == [[], [], [oldest]]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_of_a_range_of_time_show_each_order_once(backend: Backend, limit: int) -> None:
    order_ids = import_all(backend, *(backend.order(placed_at=placed(n // 2)) for n in range(8)))
    minutes = _minutes(1, 3)
    for where in (OrderFilter(placed=minutes), OrderFilter(OrderRefundStatus.NONE, placed=minutes)):
        found = ids(find_all(backend, limit=limit, where=where))
        assert sorted(found) == sorted(order_ids[2:6])


def _minutes(first: int, last: int) -> TimeRange:
    """Return the minutes of ``placed`` from the first one, without the last one."""
    return TimeRange(*(f"2026-09-01T00:{minute:02}:00.000Z" for minute in (first, last)))


# Search entries.


def test_each_search_token_has_an_entry_and_each_entry_an_order(backend: Backend) -> None:
    import_all(backend, *(named(backend, *names) for names in NAMES.values()))
    # A repeated import, and an order whose charge belongs to another: neither adds an entry.
    good = backend.order()
    import_all(backend, good)
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
