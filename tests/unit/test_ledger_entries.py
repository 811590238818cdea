"""Finding the last entry before a time, with few reads."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from shared.clock import rfc3339
from shared.domain.ledger import (
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    append,
)
from shared.gateways.ledger_entries import LedgerEntries

_FIRST = datetime(2026, 10, 1, tzinfo=UTC)


def at(minute: int) -> str:
    """Return the time so many minutes after the first one."""
    return rfc3339(_FIRST + timedelta(minutes=minute))


def entries_at(times: Sequence[int]) -> list[LedgerEntry]:
    head, found = LedgerHead("st_1", "usd"), []
    for seq, time in enumerate(times, 1):
        facts = EntryFacts(EntryKind.SALE, f"ord_{seq}", at(time))
        entry, head = append(head, facts, EntryAmounts(1, 0, 0, 1, 0))
        found.append(entry)
    return found


class CountedEntries(LedgerEntries):
    """A ledger in memory that counts its reads."""

    def __init__(self, entries: list[LedgerEntry]) -> None:
        self.entries, self.reads = entries, 0

    def get(self, studio_id: str, seq: int) -> LedgerEntry | None:
        assert studio_id == "st_1"
        self.reads += 1
        return self.entries[seq - 1] if 1 <= seq <= len(self.entries) else None


@given(st.lists(st.integers(0, 99), max_size=200).map(sorted), st.integers(0, 100))
def test_it_is_the_last_entry_before_the_time_however_many_came_since(
    times: list[int], minute: int
) -> None:
    ledger = CountedEntries(entries_at(times))
    found = ledger.last_before("st_1", at(minute), len(times))
    before = [each for each in ledger.entries if each.recorded_at < at(minute)]
    assert found == (before[-1] if before else None)
    newer = len(times) - len(before)
    assert ledger.reads <= 2 * math.ceil(math.log2(newer + 1)) + 1


def test_the_newest_entry_costs_one_read() -> None:
    ledger = CountedEntries(entries_at(range(5000)))
    assert cast("LedgerEntry", ledger.last_before("st_1", at(9999), 5000)).seq == 5000
    assert ledger.reads == 1
