"""A studio's ledger entries, read from LedgerTable."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from shared.domain.ledger import LedgerEntry
from shared.gateways.records.keys import ENTRY_PREFIX, entry_sk, primary_key, studio_pk
from shared.gateways.records.ledger import entry_from_values
from shared.gateways.table import Table, TableGateway

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.gateways.records.attributes import Values

# Callers stop soon, so that a page of 1 MB would be mostly waste.
_ENTRIES_PER_PAGE = 50


class LedgerEntries(TableGateway):
    """The entries of LedgerTable by their numbers."""

    def between(self, studio_id: str, first_seq: int, last_seq: int) -> Iterator[LedgerEntry]:
        """Read entries in order, consistently.

        Args:
            studio_id: The studio's id.
            first_seq: The number of the first entry.
            last_seq: The number of the last entry. Nothing is read if it is less than the first.
        """
        return map(entry_from_values, self._between(studio_id, first_seq, last_seq))

    def get(self, studio_id: str, seq: int) -> LedgerEntry | None:
        """Read one entry, consistently, or None."""
        values = self._table.get(studio_pk(studio_id), entry_sk(seq))
        return entry_from_values(values) if values else None

    def get_many(self, places: Iterable[tuple[str, int]]) -> Iterator[LedgerEntry]:
        """Read entries of any ledgers, consistently, in no order. Missing ones are left out.

        Args:
            places: The studio and the number of each entry, each named once.
        """
        keys = (primary_key(studio_pk(studio_id), entry_sk(seq)) for studio_id, seq in places)
        return map(entry_from_values, self._table.batch_get(keys, consistent=True))

    def last_before(self, studio_id: str, at: str, newest_seq: int) -> LedgerEntry | None:
        """Return the last entry that was recorded before a time, or None.

        Entries are in order of time, and few are newer than a payout's period. So it steps back
        from the newest one, each step twice as long, and then halves the step that went too far.
        That reads about ``2 * log2(n)`` entries, if ``n`` were recorded since.

        Args:
            studio_id: The studio's id.
            at: RFC 3339 in UTC.
            newest_seq: The number of the ledger's newest entry.

        Raises:
            LookupError: The ledger lacks an entry.
        """
        step, too_late = 1, newest_seq + 1
        found: LedgerEntry | None = None
        while found is None and too_late > 1:
            entry = self._existing(studio_id, max(1, too_late - step))
            if entry.recorded_at < at:
                found = entry
            else:
                too_late, step = entry.seq, step * 2
        while found is not None and too_late - found.seq > 1:
            entry = self._existing(studio_id, (found.seq + too_late) // 2)
            if entry.recorded_at < at:
                found = entry
            else:
                too_late = entry.seq
        return found

    def _existing(self, studio_id: str, seq: int) -> LedgerEntry:
        entry = self.get(studio_id, seq)
        if entry is None:
            raise LookupError(f"the ledger of {studio_id} lacks entry {seq}")
        return entry

    def newest_first(self, studio_id: str, newest_seq: int) -> Iterator[LedgerEntry]:
        """Read entries from one down to the first, consistently. Each page is read when needed."""
        if newest_seq < 1:  # an empty ledger
            return iter(())
        found = self._table.query(
            "PK = :pk AND SK BETWEEN :first AND :last",
            {
                ":pk": studio_pk(studio_id),
                ":first": entry_sk(1),
                ":last": entry_sk(newest_seq),
            },
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=_ENTRIES_PER_PAGE,
        )
        return map(entry_from_values, found)

    def contents_between(
        self, studio_id: str, first_seq: int, last_seq: int
    ) -> Iterator[dict[str, str | int]]:
        """Read entries in order, consistently, exactly as stored, for verification.

        Args:
            studio_id: The studio's id.
            first_seq: The number of the first entry.
            last_seq: The number of the last entry. Nothing is read if it is less than the first.
        """
        return map(_without_keys, self._between(studio_id, first_seq, last_seq))

    def _between(self, studio_id: str, first_seq: int, last_seq: int) -> "Iterator[Values]":
        if last_seq < first_seq:
            return iter(())
        return self._table.query(
            "PK = :pk AND SK BETWEEN :first AND :last",
            {
                ":pk": studio_pk(studio_id),
                ":first": entry_sk(first_seq),
                ":last": entry_sk(last_seq),
            },
            ConsistentRead=True,
        )


def read_contents(
    dynamodb: "DynamoDBClient", ledger_table: str, studio_id: str
) -> Iterator[dict[str, str | int]]:
    """Read a studio's whole ledger in order, consistently, as stored.

    Verification needs the fields exactly as they are in the table, without the table's keys.
    """
    found = Table(dynamodb, ledger_table).query(
        "PK = :pk AND begins_with(SK, :prefix)",
        {":pk": studio_pk(studio_id), ":prefix": ENTRY_PREFIX},
        ConsistentRead=True,
    )
    return map(_without_keys, found)


def _without_keys(values: "Values") -> dict[str, str | int]:
    return {name: value for name, value in values.items() if name not in {"PK", "SK"}}
