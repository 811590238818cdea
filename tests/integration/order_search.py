"""Searching a backend's orders, for the tests of lists and of the panel."""

import json
from typing import Any

from functions.find_orders.order_filter import OrderFilter
from functions.find_orders.search_orders import OrderSearch, SearchOrders
from functions.find_orders.show_order import ShowOrder
from functions.find_orders.views import OrderList, OrderSummary, order_list
from shared.domain.order import OrderRefundStatus
from shared.gateways.order_lists import OrderLists
from shared.gateways.order_panels import OrderPanels
from shared.gateways.people import People
from tests.integration.backend import Backend

# Parents and subjects by a short name.
NAMES = {
    "jose": ("José García", ["Lucía García"]),
    "obrien": ("Siobhan O'Brien", ["Finn O\u2019Brien"]),
    "van der": ("Pieter van der Berg", ["Sanne van der Berg"]),
    "nguyen": ("Nguyễn Thị Hương", ["Minh Nguyễn"]),
    "yamada": ("山田太郎", ["山田花子"]),
}


def find(  # noqa: PLR0913  # the parameters of the list
    backend: Backend,
    query: str | None = None,
    *,
    status: OrderRefundStatus | None = None,
    where: OrderFilter | None = None,
    limit: int = 25,
    cursor: str | None = None,
    studio_id: str | None = None,
) -> OrderList:
    """Return a page of the studio's orders."""
    search = SearchOrders(OrderLists(backend.dynamodb, backend.orders_table))
    wanted = OrderSearch(query, where or OrderFilter(status), limit, cursor)
    page = search(studio_id or backend.studio_id, wanted)
    return order_list(page)


def find_all(
    backend: Backend,
    query: str | None = None,
    *,
    limit: int,
    status: OrderRefundStatus | None = None,
    where: OrderFilter | None = None,
) -> list[OrderSummary]:
    """Return the orders of all pages."""
    found: list[OrderSummary] = []
    chosen: Any = {"status": status, "where": where, "limit": limit}
    page = find(backend, query, **chosen)
    while True:
        assert len(page.items) <= limit
        found += page.items
        if page.next_cursor is None:
            return found
        page = find(backend, query, cursor=page.next_cursor, **chosen)


def ids(orders: OrderList | list[OrderSummary]) -> list[str]:
    """Return the orders' ids, in their order."""
    return [each.order_id for each in (orders if isinstance(orders, list) else orders.items)]


def named(backend: Backend, parent: str, subjects: list[str], **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # an import record's fields
    """Return an import record with these names."""
    return backend.order(
        parent={"name": parent, "email": None},
        subjects=[
            {"subject_id": f"sub_{number}", "name": name}
            for number, name in enumerate(subjects, start=1)
        ],
        **changes,
    )


def import_all(backend: Backend, *records: dict[str, Any]) -> list[str]:
    """Import orders, none of which may be refused; return their ids."""
    report = backend.import_orders(map(json.dumps, records))
    assert (report.imported, report.refused) == (len(records), [])
    return [record["order_id"] for record in records]


def placed(minute: int) -> str:
    """Return the time so many minutes into September 2026."""
    return f"2026-09-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"


def show_order(backend: Backend) -> ShowOrder:
    """Return the use case that shows the panel of an order."""
    tables = backend.dynamodb, backend.orders_table
    return ShowOrder(OrderPanels(*tables), People(*tables), backend.studios, backend.stops)
