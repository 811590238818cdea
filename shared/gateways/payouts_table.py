"""Payouts and when they are due, in OrdersTable.

``PayoutStore`` has the transactions that move a payout together with the ledger.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shared.domain.payout import Payout, PayoutWork
from shared.gateways.records.keys import (
    NEXT_PAYOUT_SK,
    OPEN_INDEX,
    PAYOUT_PREFIX,
    OpenWork,
    open_work_query,
    payout_sk,
    primary_key,
    studio_id_of,
    studio_pk,
)
from shared.gateways.records.next_payout import due_at_of, next_payout_item
from shared.gateways.records.payout import (
    payout_from_values,
    payout_to_item,
)
from shared.gateways.table import STILL_DUE, TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values


class PayoutsTable(TableGateway):
    """The payouts' items, and the index of what is due."""

    def get(self, studio_id: str, payout_id: str) -> Payout | None:
        """Read a payout of a studio, consistently, or None."""
        values = self._table.get(studio_pk(studio_id), payout_sk(payout_id))
        return payout_from_values(values) if values else None

    def newest(self, studio_id: str, limit: int, after: str | None = None) -> list[Payout]:
        """Read a studio's payouts, the newest first, consistently.

        Args:
            studio_id: The studio's id.
            limit: How many at most.
            after: The id of the payout to continue after; None for the first page.
        """
        start: Any = {}
        if after is not None:
            start = {"ExclusiveStartKey": primary_key(studio_pk(studio_id), payout_sk(after))}
        found, _ = self._table.page(
            "PK = :pk AND begins_with(SK, :prefix)",
            {":pk": studio_pk(studio_id), ":prefix": PAYOUT_PREFIX},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
            **start,
        )
        return [payout_from_values(values) for values in found]

    def last(self, studio_id: str) -> Payout | None:
        """Read a studio's newest payout, consistently, or None."""
        return next(iter(self.newest(studio_id, 1)), None)

    def due_at(self, studio_id: str) -> str | None:
        """Read when a studio's next payout is due, consistently; RFC 3339 in UTC."""
        values = self._table.get(studio_pk(studio_id), NEXT_PAYOUT_SK)
        return due_at_of(values) if values else None

    def work(self, now: str) -> Iterator[PayoutWork]:
        """List what a payout run has to do: payouts that are due, then open transfers.

        The longest overdue comes first. The index is read eventually consistent. The next run
        finds what it does not show yet.
        """
        for values in self._open(OpenWork.PAYOUT_DUE, now):
            yield PayoutWork(studio_id_of(values["PK"]))
        yield from self.open(now)

    def oldest_due(self, now: str) -> str | None:
        """Return when the payout that is due for the longest time was due, RFC 3339, or None."""
        found = next(self._open(OpenWork.PAYOUT_DUE, now, Limit=1), None)
        return found["open_due"] if found else None

    def open(self, now: str) -> Iterator[PayoutWork]:
        """List the payouts that are due for a look at their transfer."""
        for values in self._open(OpenWork.PAYOUT, now):
            payout_id = values["SK"].removeprefix(PAYOUT_PREFIX)
            yield PayoutWork(studio_id_of(values["PK"]), payout_id)

    def studios(self) -> Iterator[str]:
        """List all studios, each of which is due at some time; eventually consistent."""
        query = open_work_query(OpenWork.PAYOUT_DUE)
        for values in self._table.query(*query, IndexName=OPEN_INDEX):
            yield studio_id_of(values["PK"])

    def advance(self, payout: Payout) -> Payout:
        """Record progress of a payout that moves no money in the ledger. Return it as stored.

        Raises:
            StaleStateError: The payout has changed.
        """
        stored = replace(payout, version=payout.version + 1)
        self._table.write(self._table.replacing(payout_to_item(stored), payout.version))
        return stored

    def skip(self, studio_id: str, due_at: str, next_due_at: str) -> None:
        """Record that a studio has no payout this time, and when the next one is due.

        Args:
            studio_id: The studio's id.
            due_at: When this payout was due, as read; RFC 3339 in UTC.
            next_due_at: When the next one is due.

        Raises:
            StaleStateError: It is not due then any more.
        """
        item = next_payout_item(studio_id, next_due_at)
        self._table.write(self._table.when(STILL_DUE, due_at, item))

    def _open(self, kind: OpenWork, now: str, **options: int) -> "Iterator[Values]":
        condition, values = open_work_query(kind, now)
        return self._table.query(condition, values, IndexName=OPEN_INDEX, **options)
