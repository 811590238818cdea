"""Payouts and when they are due, in OrdersTable; and the ledger's entries that they are made of.

What moves a payout together with the ledger is in ``Books``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from shared.domain.ledger import LedgerEntry
from shared.domain.payout import Payout
from shared.gateways import items
from shared.gateways.books import STILL_DUE
from shared.gateways.conflict import stale_on_conflict
from shared.gateways.orders_table import VERSION_UNCHANGED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ENTRY_FIELDS = tuple(field.name for field in fields(LedgerEntry))


@dataclass(frozen=True, slots=True)
class OpenPayout:
    """The key of a payout whose transfer has not ended."""

    studio_id: str
    payout_id: str


class PayoutsTable:
    """The payouts' side of OrdersTable.

    Args:
        dynamodb: A low-level client.
        name: The table's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def get(self, studio_id: str, payout_id: str) -> Payout | None:
        """Read a payout of a studio, consistently, or None."""
        values = self._get(studio_id, items.payout_sk(payout_id))
        return items.payout_from_values(values) if values else None

    def newest(self, studio_id: str, limit: int, after: str | None = None) -> list[Payout]:
        """Read a studio's payouts, the newest first, consistently.

        Args:
            studio_id: Whose.
            limit: How many at most.
            after: Only what comes after the payout of that id; None from the newest on.
        """
        start: Any = {}
        if after is not None:
            place = items.key(items.studio_pk(studio_id), items.payout_sk(after))
            start = {"ExclusiveStartKey": place}
        answer = self._dynamodb.query(
            TableName=self._name,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={
                ":pk": {"S": items.studio_pk(studio_id)},
                ":prefix": {"S": items.PAYOUT_PREFIX},
            },
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
            **start,
        )
        return [items.payout_from_values(items.unmarshal(item)) for item in answer["Items"]]

    def due_at(self, studio_id: str) -> str | None:
        """Read when a studio's next payout is due, consistently; RFC 3339 in UTC."""
        values = self._get(studio_id, items.NEXT_PAYOUT_SK)
        return str(values["open_due"]) if values else None

    def due(self, now: str) -> Iterator[str]:
        """List the studios whose payout is due, the longest due first.

        The index is read eventually consistent: what it does not show yet is found next time.
        """
        for values in self._index(items.PAYOUT_DUE, now):
            yield values["PK"].removeprefix("STUDIO#")

    def open(self, now: str) -> Iterator[OpenPayout]:
        """List the payouts whose transfer has not ended and has to be looked after."""
        for values in self._index(items.OPEN_PAYOUT, now):
            yield OpenPayout(
                values["PK"].removeprefix("STUDIO#"),
                values["SK"].removeprefix(items.PAYOUT_PREFIX),
            )

    def advance(self, payout: Payout) -> Payout:
        """Record a payout's progress that moves no money in the ledger, and return it as stored.

        Raises:
            StaleStateError: The payout has changed.
        """
        stored = replace(payout, version=payout.version + 1)
        seen: items.Item = {":seen": {"N": str(payout.version)}}
        self._put(items.payout_to_item(stored), VERSION_UNCHANGED, seen)
        return stored

    def pass_over(self, studio_id: str, before: str, after: str) -> None:
        """Record that a studio has no payout this time, and when it is due next.

        Raises:
            StaleStateError: It was not due then (any more).
        """
        self._put(items.next_payout_item(studio_id, after), STILL_DUE, {":seen": {"S": before}})

    def _put(self, item: items.Item, condition: str, seen: items.Item) -> None:
        with stale_on_conflict():
            self._dynamodb.put_item(
                TableName=self._name,
                Item=item,
                ConditionExpression=condition,
                ExpressionAttributeValues=seen,
            )

    def _get(self, studio_id: str, sk: str) -> items.Values | None:
        answer = self._dynamodb.get_item(
            TableName=self._name,
            Key=items.key(items.studio_pk(studio_id), sk),
            ConsistentRead=True,
        )
        return items.unmarshal(answer["Item"]) if "Item" in answer else None

    def _index(self, kind: str, now: str) -> Iterator[items.Values]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=items.OPEN_INDEX,
            KeyConditionExpression="open_pk = :pk AND open_due <= :now",
            ExpressionAttributeValues={":pk": {"S": kind}, ":now": {"S": now}},
        )
        for page in pages:
            yield from map(items.unmarshal, page["Items"])


class LedgerEntries:
    """A studio's ledger, read by its entries' numbers.

    Args:
        dynamodb: A low-level client.
        name: LedgerTable's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def between(self, studio_id: str, first: int, last: int) -> Iterator[LedgerEntry]:
        """Read entries in order, consistently.

        Args:
            studio_id: Whose.
            first: The number of the first one.
            last: The number of the last one; none where it is less than ``first``.
        """
        if last < first:
            return
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="PK = :pk AND SK BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": items.studio_pk(studio_id)},
                ":first": {"S": items.entry_sk(first)},
                ":last": {"S": items.entry_sk(last)},
            },
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                values = items.unmarshal(item)
                yield LedgerEntry(**{n: values[n] for n in _ENTRY_FIELDS if n in values})
