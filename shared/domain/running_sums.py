"""Sums of a ledger's entries from the first one on, by kind.

The sums of any range follow from those at its two ends, so a page of a long statement costs the
page. They are derived from the ledger and may be lost: whoever finds none adds up the entries.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from shared.domain.ledger import LedgerEntry
from shared.domain.sums import StatementError, Sum

# How many entries lie between two stored sums, at least.
ENTRIES_BETWEEN = 500


@dataclass(frozen=True, slots=True)
class RunningSums:
    """The sums of a studio's entries 1 to ``seq``, by the entries' kind."""

    studio_id: str
    seq: int = 0
    by_kind: Mapping[str, Sum] = MappingProxyType({})

    def plus(self, entries: Iterable[LedgerEntry]) -> "RunningSums":
        """Return the sums with the entries that follow.

        Raises:
            StatementError: An entry is missing, or the sums are not its running balances.
        """
        by_kind, last = _added(self, entries)
        if last is None:
            return self
        sums = replace(self, seq=last.seq, by_kind=by_kind)
        if sums.balances != (last.payable_balance_amount, last.direct_balance_amount):
            raise StatementError(
                f"the balances at entry {last.seq} of {self.studio_id} do not add up"
            )
        return sums

    def since(self, earlier: "RunningSums") -> dict[str, Sum]:
        """Return the sums of the entries after earlier sums, without kinds that have none."""
        since = {
            kind: total.minus(earlier.by_kind.get(kind, Sum()))
            for kind, total in self.by_kind.items()
        }
        return {kind: total for kind, total in since.items() if total.count}

    @property
    def balances(self) -> tuple[int, int]:
        """The payable and the direct balance after entry ``seq``, in minor units."""
        totals = self.by_kind.values()
        return (
            sum(each.payable_amount for each in totals),
            sum(each.direct_amount for each in totals),
        )


def sums_of(studio_id: str, first_seq: int, entries: Iterable[LedgerEntry]) -> dict[str, Sum]:
    """Return the sums of some entries by kind.

    Args:
        studio_id: The studio's id.
        first_seq: The number of the first entry.
        entries: The entries, in order.

    Raises:
        StatementError: An entry is missing.
    """
    return _added(RunningSums(studio_id, first_seq - 1), entries)[0]


def _added(
    sums: RunningSums, entries: Iterable[LedgerEntry]
) -> tuple[dict[str, Sum], LedgerEntry | None]:
    """Return the sums by kind with the entries that follow, and the last of these."""
    by_kind, seq = dict(sums.by_kind), sums.seq
    last: LedgerEntry | None = None
    for last in entries:
        seq += 1
        if last.seq != seq:
            raise StatementError(f"entry {seq} of {sums.studio_id} is missing")
        by_kind[last.kind] = by_kind.get(last.kind, Sum()).plus(last)
    return by_kind, last


def due_at_seq(first_seq: int, last_seq: int) -> int | None:
    """Return the entry at which sums are due to be stored, after new entries, or None.

    Args:
        first_seq: The first of the new entries.
        last_seq: The last of them.
    """
    due = last_seq - last_seq % ENTRIES_BETWEEN
    return due if due >= first_seq else None
