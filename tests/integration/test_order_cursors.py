"""Another studio's orders are never shown, and a cursor works only for its own list."""

import base64
import json

import pytest

from functions.find_orders.order_filter import OrderFilter
from shared.domain.errors import CursorError, OrderNotFoundError
from shared.domain.order import OrderRefundStatus
from shared.edge.cursor import cursor_for
from tests.integration.backend import Backend, MakeBackend
from tests.integration.order_search import find, ids, import_all, show_order

pytestmark = pytest.mark.stack


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
    import_all(backend, mine, theirs)
    for query in (None, "dana", "parent", mine["order_id"]):
        assert ids(find(backend, query)) == [mine["order_id"]]
    assert ids(find(backend, theirs["order_id"])) == []
    for status in OrderRefundStatus:
        assert theirs["order_id"] not in ids(find(backend, status=status))
    with pytest.raises(OrderNotFoundError) as of_another:
        show_order(backend)(backend.caller, theirs["order_id"])
    with pytest.raises(OrderNotFoundError) as of_none:
        show_order(backend)(backend.caller, "ord_nobodys")
    assert of_another.value.detail == of_none.value.detail


def test_a_cursor_works_only_for_its_own_list(backend: Backend) -> None:
    import_all(backend, *(backend.order() for _ in range(3)))
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


def forged_cursor(backend: Backend, query: str | None, position: object) -> str:
    """Return a cursor with the right scope and any position."""
    made = cursor_for(["x"], "orders", backend.studio_id, query, *OrderFilter().scope)
    scope = json.loads(base64.urlsafe_b64decode(made + "=="))[0]
    text = json.dumps([scope, position])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("query", [None, "dana"])
@pytest.mark.parametrize(
    "position",
    ["", "x", "dana", "dana#", "#ord_1", "dana#\ud800", "dana\ud800#ord_1", "dana#ord#1", 7, None],
)
def test_a_forged_cursor_is_refused(backend: Backend, query: str | None, position: object) -> None:
    with pytest.raises(CursorError):
        find(backend, query, cursor=forged_cursor(backend, query, position))


def test_a_cursor_cannot_leave_the_searched_words(backend: Backend) -> None:
    with pytest.raises(CursorError):
        find(backend, "dana", cursor=forged_cursor(backend, "dana", "zoe#ord_1"))
    # Within them, any position is accepted, even one without an order.
    (order_id,) = import_all(backend, backend.order())
    assert ids(find(backend, "dana", cursor=forged_cursor(backend, "dana", "dana#0"))) == [order_id]
