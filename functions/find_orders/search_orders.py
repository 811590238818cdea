"""Finding orders: by the words of their names and ids, by refund status, or the newest.

The longest word of the query is looked up in the search entries. Each entry has all of its order's
tokens, so the other words need no further read. An order has an entry for each token; the list
shows it only at the smallest token that begins with the word, and so shows it once.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from functions.find_orders.order_filter import DisputeFilter, OrderFilter
from shared.domain.fulfillment import PRINT_QUEUE_STATUSES
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import OrderRefundStatus, OrderState
from shared.domain.search import first_match, matches, query_words
from shared.edge.cursor import cursor_for, invalid_cursor, position_of
from shared.gateways.order_lists import OrderLists, Page, SearchEntry

# How much one request reads of a list with few matches. Then its page is short, and the cursor
# continues from there. A thousand entries cost a few dozen read units.
_ENTRIES_A_ROUND = 100
_ROUNDS = 10

# The same for a list that has orders which do not match: they are read to see. An order and its
# state cost one read unit, if the order is small.
_ORDERS_A_ROUND = 100
_MOST_ORDERS = 400

# A place ends with an order's id. A client may send anything, so it is checked.
_PLACE = re.compile(r"[^#]+#[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class OrderSearch:
    """What to find, and which page: at most ``limit`` orders from ``cursor`` on.

    A ``query`` without a letter or digit, like None, is for all orders, the newest first.
    """

    query: str | None
    where: OrderFilter
    limit: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order as imported, its state, and its place in the list."""

    place: str
    imported: ImportedOrder
    state: OrderState


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """A page of orders. ``next_cursor`` is None on the last page."""

    orders: list[FoundOrder]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Found:
    """Orders of a list, and the place to continue after. It is None at the end of the list."""

    orders: list[FoundOrder]
    last_place: str | None


@dataclass(frozen=True, slots=True)
class SearchOrders:
    """Finds a studio's orders. A search costs what its page shows."""

    lists: OrderLists

    def __call__(self, studio_id: str, search: OrderSearch) -> OrdersPage:
        """Return a page of orders.

        Raises:
            CursorError: The cursor is not of this list.
        """
        words = query_words(search.query or "")
        scope = ("orders", studio_id, search.query if words else None, *search.where.scope)
        after = _position(search.cursor, scope, words[0] if words else "")
        if words:
            found = self._with_words(studio_id, words, search, after)
        else:
            found = self._newest(studio_id, search, after)
        last = found.last_place
        return OrdersPage(found.orders, None if last is None else cursor_for([last], *scope))

    def _newest(self, studio_id: str, search: OrderSearch, after: str | None) -> _Found:
        orders: list[FoundOrder] = []
        where, looked_at = search.where, 0
        while len(orders) < search.limit and looked_at < _MOST_ORDERS:
            # Each round reads as many as all before it, so that few rounds suffice.
            size = max(looked_at, _orders_to_read(where, search.limit - len(orders)))
            size = min(size, _MOST_ORDERS - looked_at)
            page = self._places(studio_id, where, size, after)
            looked_at += size
            matching = self._read(studio_id, page.entries, where)
            wanted = matching[: search.limit - len(orders)]
            orders += wanted
            if len(wanted) < len(matching):
                after = wanted[-1].place
            elif page.more:
                after = page.entries[-1]
            else:
                return _Found(orders, None)
        return _Found(orders, after)

    def _places(
        self, studio_id: str, where: OrderFilter, size: int, after: str | None
    ) -> Page[str]:
        """Read the next places of the shortest list that has all wanted orders."""
        if where.dispute is DisputeFilter.OPEN:
            return self.lists.newest_disputes(studio_id, size, after)
        if where.print_status in PRINT_QUEUE_STATUSES:
            status = where.print_status
            return self.lists.newest_to_print(studio_id, status, size, after, where.placed)
        match where.status:
            case OrderRefundStatus.PENDING:
                return self.lists.newest_pending(studio_id, size, after)
            case OrderRefundStatus.PARTIALLY_REFUNDED | OrderRefundStatus.REFUNDED as refunded:
                return self.lists.newest_of_status(studio_id, refunded, size, after, where.placed)
            case _:
                return self.lists.newest(studio_id, size, after, where.placed)

    def _with_words(
        self, studio_id: str, words: list[str], search: OrderSearch, after: str | None
    ) -> _Found:
        orders: list[FoundOrder] = []
        for _ in range(_ROUNDS):
            page = self.lists.search(studio_id, words[0], _ENTRIES_A_ROUND, after)
            matching = [entry.place for entry in page.entries if _shows_its_order(entry, words)]
            wanted = matching[: search.limit - len(orders)]
            orders += self._read(studio_id, wanted, search.where)
            if len(wanted) < len(matching):
                after = wanted[-1]
            elif page.more:
                after = page.entries[-1].place
            else:
                return _Found(orders, None)
            if len(orders) == search.limit:
                break
        return _Found(orders, after)

    def _read(self, studio_id: str, places: Iterable[str], where: OrderFilter) -> list[FoundOrder]:
        """Read the orders at these places, except erased ones and those that do not match."""
        return [
            FoundOrder(listed.place, listed.imported, listed.state)
            for listed in self.lists.read_orders(studio_id, places)
            if listed.imported is not None and where.matches(listed.imported, listed.state)
        ]


def _orders_to_read(where: OrderFilter, missing: int) -> int:
    """Return how many orders of a list to read at once, to find those that a page still misses."""
    if where.needs_reading:
        return _ORDERS_A_ROUND
    if where.status is OrderRefundStatus.NONE:
        # The list has all orders. A few more than the page make up for those with refunds.
        return missing + 1 + missing // 8
    return missing


def _shows_its_order(entry: SearchEntry, words: list[str]) -> bool:
    is_smallest = entry.token == first_match(entry.tokens, words[0])
    return is_smallest and matches(entry.tokens, words)


def _position(cursor: str | None, scope: tuple[str | None, ...], word: str) -> str | None:
    if cursor is None:
        return None
    (place,) = position_of(cursor, 1, *scope)
    if not _PLACE.fullmatch(place) or not place.startswith(word):
        raise invalid_cursor()
    return place
