"""Lists of orders: by date, by refund status, by what they are found by, and the print queue.

The indexes hold keys, and are read eventually consistent; what they name is then read from the
table itself. A page costs what it shows, whatever else there is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.domain.order import OrderRefundStatus, OrderState
from shared.domain.refund import Refund
from shared.gateways import items
from shared.gateways.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Page[Entry]:
    """A stretch of a list; ``more`` says that something may come after it."""

    entries: list[Entry]
    more: bool


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """An order in a list: as imported (None where it was erased), and its state.

    ``place`` is where it stands in the list, for a cursor.
    """

    place: str
    document: items.Values | None
    state: OrderState


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """One token of an order, with all of its tokens. ``place`` is its sort key."""

    place: str
    order_id: str
    token: str
    tokens: list[str]


@dataclass(frozen=True, slots=True)
class AttentionEntry:
    """The key of something a person must look at, and since when."""

    pk: str
    sk: str
    since: str
    place: str


class OrderLists:
    """The indexes of OrdersTable that people's lists are read from.

    Args:
        dynamodb: A low-level client.
        name: The table's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._table = Table(dynamodb, name)

    def newest(self, studio_id: str, limit: int, after: str | None) -> Page[str]:
        """Return the places of a studio's orders in DateIndex, newest first.

        Args:
            studio_id: Whose.
            limit: How many at most.
            after: Only what comes after that place; None for the first page.
        """
        condition = ("studio_id", studio_id, "date_sk", after)
        return self._places(items.DATE_INDEX, *condition, limit=limit)

    def placed_between(
        self, studio_id: str, start: str, end: str, fields: tuple[str, ...]
    ) -> Iterator[items.Values]:
        """Read the orders that a studio's parents placed in a time, oldest first, as imported.

        Args:
            studio_id: Whose.
            start: When it begins, RFC 3339 in UTC.
            end: When it is over.
            fields: Which of an order's fields; the others are not read over the net.
        """
        return self._table.query(
            "studio_id = :pk AND date_sk BETWEEN :start AND :end",
            # An order's id follows its time: what is placed at the very end sorts after it.
            {":pk": studio_id, ":start": start, ":end": end},
            IndexName=items.DATE_INDEX,
            ProjectionExpression=", ".join(fields),
        )

    def newest_of_status(
        self, studio_id: str, status: OrderRefundStatus, limit: int, after: str | None
    ) -> Page[str]:
        """Return the places of a studio's orders that are refunded so far, newest first."""
        condition = ("status_pk", items.status_pk(studio_id, status), "placed_sk", after)
        return self._places(items.STATUS_INDEX, *condition, limit=limit)

    def print_queue(self, studio_id: str, limit: int, after: str | None) -> Page[str]:
        """Return the places of a studio's orders that wait for the printer, oldest first."""
        condition = ("print_pk", studio_id, "placed_sk", after)
        return self._places(items.PRINT_INDEX, *condition, limit=limit, newest_first=False)

    def search(self, studio_id: str, word: str, limit: int, after: str | None) -> Page[SearchEntry]:
        """Return search entries whose token begins with a word, in order of token.

        Args:
            studio_id: Whose.
            word: A word of a query, folded.
            limit: How many at most.
            after: Only what comes after that place, which begins with the word too; None for the
                first page.
        """
        # begins_with and a lower bound cannot stand together: a page begins at its start key.
        start: Any = (
            {"ExclusiveStartKey": items.key(items.search_pk(studio_id), after)} if after else {}
        )
        page, last = self._table.page(
            "PK = :pk AND begins_with(SK, :word)",
            {":pk": items.search_pk(studio_id), ":word": word},
            Limit=limit,
            **start,
        )
        found = []
        for values in page:
            token = values["SK"].rpartition("#")[0]
            found.append(
                SearchEntry(values["SK"], values["order_id"], token, values["tokens"].split())
            )
        return Page(found, last is not None)

    def attention(self, studio_id: str, kind: items.AttentionList) -> Iterator[AttentionEntry]:
        """List what a studio's people must look at of a kind, the oldest first."""
        found = self._table.query(
            "attention_pk = :pk",
            {":pk": items.attention_pk(studio_id, kind)},
            IndexName=items.ATTENTION_INDEX,
        )
        return map(_attention_entry, found)

    def attention_between(
        self, studio_id: str, kind: items.AttentionList, start: str, end: str
    ) -> Iterator[AttentionEntry]:
        """List what a studio's people must look at, or have, since a time, the oldest first.

        Args:
            studio_id: Whose.
            kind: Of what kind.
            start: When the time begins, RFC 3339 in UTC, or a place that is included.
            end: When it is over.
        """
        found = self._table.query(
            "attention_pk = :pk AND attention_sk BETWEEN :start AND :end",
            # A name follows the time: what is of the very end sorts after it.
            {":pk": items.attention_pk(studio_id, kind), ":start": start, ":end": end},
            IndexName=items.ATTENTION_INDEX,
        )
        return map(_attention_entry, found)

    def read_orders(self, places: Iterable[str], *, consistent: bool = False) -> list[ListedOrder]:
        """Return the orders of these places with their state, in the same order.

        A place is anything that ends with ``#`` and an order's id, or is the id alone.

        Args:
            places: Where they stand in a list.
            consistent: Read them as they are now, which costs twice as much.
        """
        ids = [(place, place.rpartition("#")[2]) for place in places]
        keys = [
            items.key(items.order_pk(order_id), sk)
            for order_id in dict.fromkeys(order_id for _, order_id in ids)
            for sk in (items.ORDER_SK, items.STATE_SK)
        ]
        read = self.read(keys, consistent=consistent)
        found = {(values["PK"], values["SK"]): values for values in read}
        listed = []
        for place, order_id in ids:
            pk = items.order_pk(order_id)
            state = found.get((pk, items.STATE_SK))
            if state is not None:
                document = found.get((pk, items.ORDER_SK))
                listed.append(ListedOrder(place, document, items.state_from_values(state)))
        return listed

    def read_documents(self, order_ids: Iterable[str]) -> dict[str, items.Values]:
        """Return the orders as imported, by id; an erased one is left out."""
        keys = [
            items.key(items.order_pk(each), items.ORDER_SK) for each in dict.fromkeys(order_ids)
        ]
        return {values["order_id"]: values for values in self.read(keys)}

    def read_refunds(self, ids: Iterable[tuple[str, str]]) -> Iterator[Refund]:
        """Return refunds by the ids of their order and their own, in no order."""
        keys = [items.key(items.order_pk(order), items.refund_sk(each)) for order, each in ids]
        return map(items.refund_from_values, self.read(keys))

    def read_listed_refunds(self, entries: Iterable[AttentionEntry]) -> Iterator[Refund]:
        """Return the refunds that entries of the follow-up index name, in the same order.

        One that is younger than what is read eventually consistent is left out.
        """
        places = [(entry.pk, entry.sk) for entry in entries]
        found = {
            (values["PK"], values["SK"]): items.refund_from_values(values)
            for values in self.read([items.key(*place) for place in places])
        }
        return (found[place] for place in places if place in found)

    def read_listed_with_state(
        self, entries: Iterable[AttentionEntry]
    ) -> Iterator[tuple[Refund, OrderState]]:
        """Return the refunds that the entries name, each with its order's state."""
        refunds = list(self.read_listed_refunds(entries))
        keys = [
            items.key(items.order_pk(order_id), items.STATE_SK)
            for order_id in dict.fromkeys(refund.order_id for refund in refunds)
        ]
        state = {each.order_id: each for each in map(items.state_from_values, self.read(keys))}
        return ((each, state[each.order_id]) for each in refunds)

    def read(self, keys: list[items.Item], *, consistent: bool = False) -> Iterator[items.Values]:
        """Read items by their keys, in no order, those that are there."""
        return self._table.batch_get(keys, consistent=consistent)

    def _places(  # noqa: PLR0913  # a Query's parts
        self,
        index: str,
        pk_name: str,
        pk: str,
        sk_name: str,
        after: str | None,
        *,
        limit: int,
        newest_first: bool = True,
    ) -> Page[str]:
        condition = f"{pk_name} = :pk"
        values = {":pk": pk}
        if after is not None:
            condition += f" AND {sk_name} {'<' if newest_first else '>'} :after"
            values[":after"] = after
        found, last = self._table.page(
            condition,
            values,
            IndexName=index,
            ScanIndexForward=not newest_first,
            Limit=limit + 1,  # one more than is shown says whether that is all
        )
        places = [each[sk_name] for each in found]
        # Large orders may fill DynamoDB's page of a megabyte before they are as many.
        return Page(places[:limit], len(places) > limit or last is not None)


def _attention_entry(found: items.Values) -> AttentionEntry:
    place = found["attention_sk"]
    return AttentionEntry(found["PK"], found["SK"], place.partition("#")[0], place)
