"""Running sums give any range's sums, and a page of a long payout costs the page."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.payouts.read_lines import LinesPage, LinesQuery, ReadLines
from shared.domain.ledger import (
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    append,
)
from shared.domain.running_sums import ENTRIES_BETWEEN, RunningSums, due_at_seq, sums_of
from shared.domain.statement import LineKinds, LineRange, Statement, StatementRange, statement_of
from shared.domain.sums import StatementError
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.running_sums import running_sums_from_values, running_sums_to_item
from shared.gateways.running_sums import StoredSums
from shared.workflow.keep_running_sums import KeepRunningSums

from .orders import AT
from .payout_ledgers import closed, ledger, paid_out

KINDS = st.sampled_from([EntryKind.SALE, EntryKind.REFUND, EntryKind.DISPUTE])
ENTRY = st.tuples(KINDS, st.integers(-10_000, 10_000), st.integers(-500, 500))


class CountedEntries(LedgerEntries):
    """Entries in memory, and how many were read."""

    def __init__(self, entries: list[LedgerEntry]) -> None:
        self.entries = entries
        self.read = 0

    def between(self, studio_id: str, first_seq: int, last_seq: int) -> Iterator[LedgerEntry]:  # noqa: ARG002
        for entry in self.entries[first_seq - 1 : last_seq]:
            self.read += 1
            yield entry


class SumsInMemory(StoredSums):
    """Stored sums in memory."""

    def __init__(self) -> None:
        self.stored: dict[int, RunningSums] = {}

    def latest(self, studio_id: str, seq: int) -> RunningSums:
        at = max((each for each in self.stored if each <= seq), default=None)
        return RunningSums(studio_id) if at is None else self.stored[at]

    def put(self, sums: RunningSums) -> None:
        self.stored[sums.seq] = sums


class NoOrders(OrderLists):
    """No names."""

    def __init__(self) -> None:
        pass

    def parent_names(self, *_: object) -> dict[str | None, str | None]:
        return {}


@given(st.lists(ENTRY, min_size=1, max_size=30), st.data())
def test_the_sums_of_any_range_follow_from_its_two_ends(
    drawn: list[tuple[EntryKind, int, int]], data: st.DataObject
) -> None:
    entries = _entries(drawn)
    first = data.draw(st.integers(1, len(entries)))
    last = data.draw(st.integers(first, len(entries)))
    low = RunningSums("st_1").plus(entries[: first - 1])
    high = low.plus(entries[first - 1 : last])
    assert high == RunningSums("st_1").plus(entries[:last])
    assert high.since(low) == sums_of("st_1", first, entries[first - 1 : last])
    assert running_sums_from_values(unmarshal(running_sums_to_item(high))) == high


def test_a_missing_entry_or_another_balance_is_an_error() -> None:
    entries, _ = ledger(1, 2, 3)
    with pytest.raises(StatementError, match="entry 2 of st_1 is missing"):
        RunningSums("st_1").plus([entries[0], entries[2]])
    forged = replace(entries[1], payable_balance_amount=4)
    with pytest.raises(StatementError, match="balances at entry 2"):
        RunningSums("st_1").plus([entries[0], forged])


@pytest.mark.parametrize(
    ("first", "last", "due"),
    [(1, 499, None), (500, 500, 500), (496, 505, 500), (501, 999, None), (501, 1700, 1500)],
)
def test_sums_are_due_when_enough_entries_were_added(first: int, last: int, due: int) -> None:
    assert due_at_seq(first, last) == due


def test_a_ledger_from_before_sums_were_stored_gets_there_step_by_step() -> None:
    entries, _ = ledger(*range(10_000))
    read, stored = CountedEntries(entries), SumsInMemory()
    keep = KeepRunningSums(read, stored)
    for seq in (9_000, 9_500, 10_000):
        keep("st_1", seq, seq)
    assert sorted(stored.stored) == [4_000, 8_000, 10_000]
    assert read.read == 10_000
    assert stored.latest("st_1", 10_000) == RunningSums("st_1").plus(entries)
    keep("st_1", 10_000, 10_000)  # the same message again
    assert read.read == 10_000


@pytest.mark.parametrize("kinds", LineKinds)
def test_a_page_of_a_long_payout_costs_the_page(kinds: LineKinds) -> None:
    drawn = [
        (EntryKind.REFUND if number % 1_500 == 7 else EntryKind.SALE, 100, 1)
        for number in range(20_000)
    ]
    entries, head = closed(1)
    entries += _entries(drawn, head)
    read, stored = CountedEntries(entries), SumsInMemory()
    _kept(read, stored)
    of = StatementRange("st_1", 2, len(entries), 0, entries[-1].payable_balance_amount)
    whole = statement_of(entries[1:], of, LineRange(kinds=kinds))
    pages = list(_pages(ReadLines(read, NoOrders(), stored), of, kinds, read))
    assert [line for page in pages for line in page.lines] == whole.lines
    assert all(page.statement.by_kind == whole.by_kind for page in pages)


def test_a_long_payout_without_stored_sums_is_the_same() -> None:
    drawn = [(EntryKind.SALE, 100 + number, 1) for number in range(2 * ENTRIES_BETWEEN)]
    entries = _entries(drawn)
    of = StatementRange("st_1", 1, len(entries), 0, entries[-1].payable_balance_amount)
    lines = ReadLines(CountedEntries(entries), NoOrders(), SumsInMemory())
    page = lines.page(of, LinesQuery(10))
    whole = statement_of(entries, of, LineRange())
    assert (page.statement.by_kind, page.statement.total) == (whole.by_kind, whole.total)
    assert page.lines == whole.lines[:10]


def test_a_carried_balance_comes_first_and_has_its_sum() -> None:
    entries, head = ledger(-500)
    entries += [paid_out(head).entry]
    head = paid_out(head).head
    entries += _entries([(EntryKind.SALE, 100, 0)] * (2 * ENTRIES_BETWEEN), head)
    read, stored = CountedEntries(entries), SumsInMemory()
    _kept(read, stored)
    of = StatementRange("st_1", 2, len(entries), -500, entries[-1].payable_balance_amount)
    pages = list(_pages(ReadLines(read, NoOrders(), stored), of, LineKinds.ALL, read))
    whole = statement_of(entries[1:], of, LineRange())
    assert [line for page in pages for line in page.lines] == whole.lines
    assert _sums(pages[0].statement) == _sums(whole)


def test_sums_that_are_not_the_payouts_total_are_an_error() -> None:
    entries = _entries([(EntryKind.SALE, 100, 0)] * (2 * ENTRIES_BETWEEN))
    read, stored = CountedEntries(entries), SumsInMemory()
    _kept(read, stored)
    of = StatementRange("st_1", 1, len(entries), 0, 1)
    with pytest.raises(StatementError, match="the total is 1"):
        ReadLines(read, NoOrders(), stored).page(of, LinesQuery(10))


def _entries(
    drawn: list[tuple[EntryKind, int, int]], head: LedgerHead | None = None
) -> list[LedgerEntry]:
    """Return entries that follow a head: each with its kind, its payable and its direct amount."""
    at, entries = head or LedgerHead("st_1", "usd"), []
    for number, (kind, payable, direct) in enumerate(drawn):
        amounts = EntryAmounts(payable + direct, 0, 0, payable, direct)
        entry, at = append(at, EntryFacts(kind, f"ord_{number}", AT), amounts)
        entries.append(entry)
    return entries


def _kept(read: CountedEntries, stored: SumsInMemory) -> None:
    """Store sums as the functions do that add entries, and forget what it cost."""
    keep = KeepRunningSums(read, stored)
    for entry in read.entries:
        keep("st_1", entry.seq, entry.seq)
    read.read = 0


def _pages(
    lines: ReadLines, of: StatementRange, kinds: LineKinds, read: CountedEntries
) -> Iterator[LinesPage]:
    cursor: str | None = None
    while True:
        page = lines.page(of, LinesQuery(100, cursor, kinds))
        # The page itself, and what lies between each end and the stored sums before it.
        assert read.read <= 2_000 + 2 * ENTRIES_BETWEEN
        read.read = 0
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


def _sums(statement: Statement) -> tuple[object, ...]:
    return statement.by_kind, statement.total
