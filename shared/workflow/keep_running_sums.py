"""Stores a ledger's running sums now and then, so that nobody has to add up all of it."""

from dataclasses import dataclass

from shared.domain.running_sums import due_at_seq
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.running_sums import StoredSums

# How many entries are added up at once, about three megabytes. A ledger without sums, from before
# they were stored, gets there in several steps.
_MOST_ENTRIES = 4_000


@dataclass(frozen=True, slots=True)
class KeepRunningSums:
    """Stores running sums whenever enough entries were added to a ledger.

    It comes after the transaction that adds the entries. If it is lost, the next one does more.
    """

    entries: LedgerEntries
    stored: StoredSums

    def __call__(self, studio_id: str, first_seq: int, last_seq: int) -> None:
        """Store the sums if new entries make them due.

        Args:
            studio_id: The studio's id.
            first_seq: The first of the new entries.
            last_seq: The last of them.

        Raises:
            StatementError: The ledger is damaged.
        """
        due = due_at_seq(first_seq, last_seq)
        if due is None:
            return
        before = self.stored.latest(studio_id, due)
        until = min(due, before.seq + _MOST_ENTRIES)
        if until > before.seq:
            self.stored.put(before.plus(self.entries.between(studio_id, before.seq + 1, until)))
