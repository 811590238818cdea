"""Finding orders: by the words of their names and ids, by refund status, or the newest.

One word of the query, the longest, is looked up among the search entries; each entry carries all
of its order's tokens, so that the other words need no read. An order has an entry for each of its
tokens and is named at the smallest that begins with that word, so a list names it once.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from functions.find_orders.models import OrderList, OrderSummary
from functions.find_orders.views import order_summary
from shared.domain.order import OrderRefundStatus
from shared.domain.search import first_match, matches, query_words
from shared.edge.cursor import cursor_for, invalid_cursor, position_of
from shared.gateways.order_lists import OrderLists, SearchEntry

# What one request may read of a list in which little is wanted: then its page stays short, and
# the cursor goes on from there. A thousand entries are some tens of read units.
_ENTRIES_A_ROUND = 100
_ROUNDS = 10

# A place ends with an order's id. What a client sends as one is checked before DynamoDB does it.
_PLACE = re.compile(r"[^#]+#[A-Za-z0-9_-]{1,64}")

type _Found = tuple[list[OrderSummary], str | None]


@dataclass(frozen=True, slots=True)
class OrderSearch:
    """What is looked for, and which page of it: at most ``limit`` orders from ``cursor`` on.

    ``query`` is None for all orders, the newest first.
    """

    query: str | None
    status: OrderRefundStatus | None
    limit: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class SearchOrders:
    """Finds a studio's orders. What it reads depends on the page, not on how many there are."""

    lists: OrderLists

    def __call__(self, studio_id: str, search: OrderSearch) -> OrderList:
        """Return a page of what was looked for.

        Raises:
            CursorError: The cursor is not of this list.
        """
        words = None if search.query is None else query_words(search.query)
        if words == []:
            return OrderList(items=[], next_cursor=None)
        scope = ("orders", studio_id, search.query, search.status)
        after = _position(search.cursor, scope, words[0] if words else "")
        if words:
            found, end = self._of_words(studio_id, words, search, after)
        else:
            found, end = self._newest(studio_id, search, after)
        return OrderList(
            items=found, next_cursor=None if end is None else cursor_for([end], *scope)
        )

    def _newest(self, studio_id: str, search: OrderSearch, after: str | None) -> _Found:
        if search.status is None:
            page = self.lists.newest(studio_id, search.limit, after)
        else:
            page = self.lists.newest_of_status(studio_id, search.status, search.limit, after)
        return self._read(studio_id, page.entries, search.status), page.entries[
            -1
        ] if page.more else None

    def _of_words(
        self, studio_id: str, words: list[str], search: OrderSearch, after: str | None
    ) -> _Found:
        found: list[OrderSummary] = []
        for _ in range(_ROUNDS):
            page = self.lists.search(studio_id, words[0], _ENTRIES_A_ROUND, after)
            named = [entry.place for entry in page.entries if _names_its_order(entry, words)]
            wanted = named[: search.limit - len(found)]
            found += self._read(studio_id, wanted, search.status)
            if len(wanted) < len(named):
                after = wanted[-1]
            elif page.more:
                after = page.entries[-1].place
            else:
                return found, None
            if len(found) == search.limit:
                break
        return found, after

    def _read(
        self, studio_id: str, places: Iterable[str], status: OrderRefundStatus | None
    ) -> list[OrderSummary]:
        """Return the orders of these places, but for those erased or of another status by now."""
        return [
            order_summary(listed.imported, listed.state)
            for listed in self.lists.read_orders(studio_id, places)
            if listed.imported is not None
            and (status is None or listed.state.refund_status is status)
        ]


def _names_its_order(entry: SearchEntry, words: list[str]) -> bool:
    return entry.token == first_match(entry.tokens, words[0]) and matches(entry.tokens, words)


def _position(cursor: str | None, scope: tuple[str | None, ...], word: str) -> str | None:
    if cursor is None:
        return None
    (place,) = position_of(cursor, 1, *scope)
    if not _PLACE.fullmatch(place) or not place.startswith(word):
        raise invalid_cursor()
    return place
