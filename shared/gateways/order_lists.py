"""Lists of orders: by date, by refund status, by what people search, and the print queue.

The indexes hold keys and are read eventually consistent. The orders they name are then read from
the table. A page costs what it shows, however many orders there are. Only a page of pending orders
reads all refunds that are open in the studio.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.domain.imported_order import ImportedOrder, OrderContents
from shared.domain.order import FulfillmentStatus, OrderKey, OrderRefundStatus, OrderState
from shared.gateways.records.imported_order import (
    CONTENT_ATTRIBUTES,
    contents_from_values,
    imported_order_from_values,
)
from shared.gateways.records.keys import (
    ATTENTION_INDEX,
    DATE_INDEX,
    ORDER_SK,
    PRINT_INDEX,
    STATE_SK,
    STATUS_INDEX,
    AttentionPartition,
    attention_pk,
    attention_place,
    attention_query,
    order_key_of,
    order_pk,
    primary_key,
    print_pk,
    search_pk,
    status_pk,
)
from shared.gateways.records.order_state import state_from_values
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values


@dataclass(frozen=True, slots=True)
class Page[Entry]:
    """A part of a list. ``more`` says that something may come after it."""

    entries: list[Entry]
    more: bool


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A time from its first moment to the first moment after it, RFC 3339 in UTC."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """An order in a list: as imported (None after it was erased), and its state.

    ``place`` is its place in the list, for a cursor.
    """

    place: str
    imported: ImportedOrder | None
    state: OrderState


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """One token of an order, with all of its tokens. ``place`` is its place in the list."""

    place: str
    order_id: str
    token: str
    tokens: list[str]


@dataclass(frozen=True, slots=True)
class _IndexPartition:
    """A partition of an index, whose sort key begins with when the order was placed."""

    index: str
    pk_name: str
    pk: str
    sk_name: str = "placed_sk"
    newest_first: bool = True


class OrderLists(TableGateway):
    """The indexes of OrdersTable that people's lists are read from."""

    def newest(
        self, studio_id: str, limit: int, after: str | None, placed: TimeRange | None = None
    ) -> Page[str]:
        """Return the places of a studio's orders, newest first.

        Args:
            studio_id: The studio's id.
            limit: How many at most.
            after: The place to continue after; None for the first page.
            placed: When the orders were placed; None for any time.
        """
        partition = _IndexPartition(DATE_INDEX, "studio_id", studio_id, "date_sk")
        return self._places(partition, limit, after, placed)

    def newest_of_status(
        self,
        studio_id: str,
        status: OrderRefundStatus,
        limit: int,
        after: str | None,
        placed: TimeRange | None = None,
    ) -> Page[str]:
        """Return the places of a studio's orders, newest first, that are refunded in part or whole.

        An order with another refund in flight is still in the list of what is settled.

        Args:
            studio_id: The studio's id.
            status: PARTIALLY_REFUNDED or REFUNDED.
            limit: How many at most.
            after: The place to continue after; None for the first page.
            placed: When the orders were placed; None for any time.
        """
        partition = _IndexPartition(STATUS_INDEX, "status_pk", status_pk(studio_id, status))
        return self._places(partition, limit, after, placed)

    def newest_pending(self, studio_id: str, limit: int, after: str | None) -> Page[str]:
        """Return the places of a studio's orders with refunds in flight, newest refund first.

        An order with several refunds in flight is listed once, so all of them are read: half a
        read unit for about sixteen.
        """
        found = self._table.query(
            *attention_query(studio_id, AttentionPartition.OPEN),
            IndexName=ATTENTION_INDEX,
            ScanIndexForward=False,
        )
        places: dict[str, str] = {}
        for values in found:
            place = attention_place(AttentionPartition.OPEN, values["attention_sk"])
            requested_at = place.partition("#")[0]
            order_id = order_key_of(values["PK"]).order_id
            places.setdefault(order_id, f"{requested_at}#{order_id}")
        left = (place for place in places.values() if after is None or place < after)
        newest_first = sorted(left, reverse=True)
        return Page(newest_first[:limit], len(newest_first) > limit)

    def newest_to_print(
        self,
        studio_id: str,
        status: FulfillmentStatus,
        limit: int,
        after: str | None,
        placed: TimeRange | None = None,
    ) -> Page[str]:
        """Return the places of a studio's orders in one part of the print queue, newest first."""
        partition = _IndexPartition(PRINT_INDEX, "print_pk", print_pk(studio_id, status))
        return self._places(partition, limit, after, placed)

    def newest_disputes(self, studio_id: str, limit: int, after: str | None) -> Page[str]:
        """Return the places of a studio's orders whose disputes people see, newest dispute first.

        These are the open disputes, and the lost ones that nobody has dismissed.
        """
        pk = attention_pk(studio_id, AttentionPartition.DISPUTE)
        partition = _IndexPartition(ATTENTION_INDEX, "attention_pk", pk, "attention_sk")
        return self._places(partition, limit, after)

    def print_queue(
        self,
        studio_id: str,
        statuses: Iterable[FulfillmentStatus],
        limit: int,
        after: str | None,
    ) -> Page[str]:
        """Return the places of a studio's orders in parts of the print queue, oldest first."""
        parts = [
            self._places(
                _IndexPartition(
                    PRINT_INDEX, "print_pk", print_pk(studio_id, status), newest_first=False
                ),
                limit,
                after,
            )
            for status in sorted(statuses)
        ]
        places = list(heapq.merge(*(part.entries for part in parts)))
        more = len(places) > limit or any(part.more for part in parts)
        return Page(places[:limit], more)

    def count_prints(self, studio_id: str, status: FulfillmentStatus) -> int:
        """Return how many of a studio's orders are in a part of the print queue.

        It reads half a read unit for a few dozen of them. The index lags behind by moments.
        """
        pk = print_pk(studio_id, status)
        return self._table.count("print_pk = :pk", {":pk": pk}, IndexName=PRINT_INDEX)

    def search(self, studio_id: str, word: str, limit: int, after: str | None) -> Page[SearchEntry]:
        """Return search entries whose token begins with a word, in order of token.

        Args:
            studio_id: The studio's id.
            word: A word of a query, folded.
            limit: How many at most.
            after: The place to continue after, which begins with the word too; None for the first
                page.
        """
        pk = search_pk(studio_id)
        # begins_with and a lower bound cannot be combined: a page begins at its start key.
        start: Any = {"ExclusiveStartKey": primary_key(pk, after)} if after else {}
        page, last = self._table.page(
            "PK = :pk AND begins_with(SK, :word)", {":pk": pk, ":word": word}, Limit=limit, **start
        )
        return Page([_search_entry(values) for values in page], last is not None)

    def placed_between(
        self, studio_id: str, start: str, end: str, attributes: tuple[str, ...] = CONTENT_ATTRIBUTES
    ) -> Iterator[OrderContents]:
        """Read what was ordered in a range of time, oldest first.

        Args:
            studio_id: The studio's id.
            start: The first moment of the range, RFC 3339 in UTC.
            end: The first moment after the range.
            attributes: Which of ``CONTENT_ATTRIBUTES`` are read. The others come back empty.
        """
        found = self._table.query(
            "studio_id = :pk AND date_sk BETWEEN :start AND :end",
            # The order's id follows the time: what is placed exactly at the end sorts after it.
            {":pk": studio_id, ":start": start, ":end": end},
            IndexName=DATE_INDEX,
            ProjectionExpression=", ".join(attributes),
        )
        return map(contents_from_values, found)

    def read_orders(
        self, studio_id: str, places: Iterable[str], *, consistent: bool = False
    ) -> list[ListedOrder]:
        """Read the orders at these places with their state, in the same order.

        Args:
            studio_id: The studio's id.
            places: Places in a list, or bare order ids. A place ends with ``#`` and an order's id.
            consistent: Read them as they are now, which costs twice as much.
        """
        ids = {place: place.rpartition("#")[2] for place in places}
        pks = {order_id: order_pk(OrderKey(studio_id, order_id)) for order_id in ids.values()}
        keys = [primary_key(pk, sk) for pk in pks.values() for sk in (ORDER_SK, STATE_SK)]
        read = self._table.batch_get(keys, consistent=consistent)
        found = {(values["PK"], values["SK"]): values for values in read}
        listed = []
        for place, order_id in ids.items():
            state = found.get((pks[order_id], STATE_SK))
            imported = found.get((pks[order_id], ORDER_SK))
            if state is not None:
                listed.append(
                    ListedOrder(
                        place,
                        imported_order_from_values(imported) if imported else None,
                        state_from_values(state),
                    )
                )
        return listed

    def read_imported(self, studio_id: str, order_ids: Iterable[str]) -> dict[str, ImportedOrder]:
        """Read a studio's orders as imported, by order id. Erased ones are left out."""
        keys = [
            primary_key(order_pk(OrderKey(studio_id, order_id)), ORDER_SK)
            for order_id in dict.fromkeys(order_ids)
        ]
        read = map(imported_order_from_values, self._table.batch_get(keys, consistent=False))
        return {imported.order_id: imported for imported in read}

    def read_imported_of(self, orders: Iterable[OrderKey]) -> dict[OrderKey, ImportedOrder]:
        """Read orders of any studios as imported. Erased ones are left out."""
        keys = [primary_key(order_pk(order), ORDER_SK) for order in dict.fromkeys(orders)]
        read = map(imported_order_from_values, self._table.batch_get(keys, consistent=False))
        return {imported.key: imported for imported in read}

    def parent_names(
        self, studio_id: str, order_ids: Iterable[str | None]
    ) -> dict[str | None, str | None]:
        """Read the parents' names of a studio's orders, by order id. Erased ones are left out."""
        found = self.read_imported(studio_id, sorted({each for each in order_ids if each}))
        return {order_id: order.parent.name for order_id, order in found.items()}

    def _places(
        self,
        partition: _IndexPartition,
        limit: int,
        after: str | None,
        placed: TimeRange | None = None,
    ) -> Page[str]:
        condition, values = f"{partition.pk_name} = :pk", {":pk": partition.pk}
        if placed is not None:
            # A key has one condition, so the place to continue after is found again and left out.
            # Ids follow the times, so what is placed exactly at the end sorts after it.
            condition += f" AND {partition.sk_name} BETWEEN :start AND :end"
            end = placed.end if after is None else min(placed.end, after)
            values |= {":start": placed.start, ":end": end}
            if end < placed.start:
                return Page([], more=False)
        elif after is not None:
            condition += f" AND {partition.sk_name} {'<' if partition.newest_first else '>'} :after"
            values[":after"] = after
        found, last = self._table.page(
            condition,
            values,
            IndexName=partition.index,
            ScanIndexForward=not partition.newest_first,
            Limit=limit + 2,  # `after`, and one more than the page: is there a next one?
        )
        places = [each[partition.sk_name] for each in found if each[partition.sk_name] != after]
        # Large orders may fill DynamoDB's page of a megabyte earlier.
        return Page(places[:limit], len(places) > limit or last is not None)


def _search_entry(values: "Values") -> SearchEntry:
    token = values["SK"].rpartition("#")[0]
    return SearchEntry(values["SK"], values["order_id"], token, values["tokens"].split())
