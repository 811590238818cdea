"""Payouts and when they are due, in OrdersTable; and the ledger's entries that they are made of.

What moves a payout together with the ledger is in ``LedgerStore``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from shared.domain.ledger import LedgerEntry
from shared.domain.payout import Payout
from shared.gateways import items
from shared.gateways.table import STILL_DUE, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


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
        self._table = Table(dynamodb, name)

    def get(self, studio_id: str, payout_id: str) -> Payout | None:
        """Read a payout of a studio, consistently, or None."""
        values = self._table.get(items.studio_pk(studio_id), items.payout_sk(payout_id))
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
        found, _ = self._table.page(
            "PK = :pk AND begins_with(SK, :prefix)",
            {":pk": items.studio_pk(studio_id), ":prefix": items.PAYOUT_PREFIX},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
            **start,
        )
        return [items.payout_from_values(values) for values in found]

    def due_at(self, studio_id: str) -> str | None:
        """Read when a studio's next payout is due, consistently; RFC 3339 in UTC."""
        values = self._table.get(items.studio_pk(studio_id), items.NEXT_PAYOUT_SK)
        return str(values["open_due"]) if values else None

    def due(self, now: str) -> Iterator[str]:
        """List the studios whose payout is due, the longest due first.

        The index is read eventually consistent: what it does not show yet is found next time.
        """
        for values in self._index(items.PAYOUT_DUE, now):
            yield values["PK"].removeprefix("STUDIO#")

    def studios(self) -> Iterator[str]:
        """List all studios, each of which is due at some time; eventually consistent."""
        found = self._table.query(
            "open_pk = :pk", {":pk": items.PAYOUT_DUE}, IndexName=items.OPEN_INDEX
        )
        for values in found:
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
        self._table.write(self._table.replacing(items.payout_to_item(stored), payout.version))
        return stored

    def pass_over(self, studio_id: str, before: str, after: str) -> None:
        """Record that a studio has no payout this time, and when it is due next.

        Raises:
            StaleStateError: It was not due then (any more).
        """
        item = items.next_payout_item(studio_id, after)
        self._table.write(self._table.when(STILL_DUE, before, item))

    def _index(self, kind: str, now: str) -> Iterator[items.Values]:
        return self._table.query(
            "open_pk = :pk AND open_due <= :now",
            {":pk": kind, ":now": now},
            IndexName=items.OPEN_INDEX,
        )


class LedgerEntries:
    """A studio's ledger, read by its entries' numbers.

    Args:
        dynamodb: A low-level client.
        name: LedgerTable's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._table = Table(dynamodb, name)

    def between(self, studio_id: str, first: int, last: int) -> Iterator[LedgerEntry]:
        """Read entries in order, consistently.

        Args:
            studio_id: Whose.
            first: The number of the first one.
            last: The number of the last one; none where it is less than ``first``.
        """
        if last < first:
            return iter(())
        found = self._table.query(
            "PK = :pk AND SK BETWEEN :first AND :last",
            {
                ":pk": items.studio_pk(studio_id),
                ":first": items.entry_sk(first),
                ":last": items.entry_sk(last),
            },
            ConsistentRead=True,
        )
        return map(items.entry_from_values, found)
