"""The totals of a report are the sums of its rows, although the index that it reads may lag."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.refund_report.report_refunds import (
    Report,
    ReportQuery,
    ReportRefunds,
    ReportSelection,
)
from shared.clock import rfc3339
from shared.domain.errors import CursorError
from shared.domain.local_days import local_days
from shared.domain.record_source import RecordSource
from shared.domain.report import ReportRow, ReportState, ReportTotals, Selection
from shared.workflow.refund_rows import RowLimit

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAYS = local_days("2026-11-01", "2026-11-30", ZoneInfo("UTC"), NOW, 31)
_ENTRIES = 12


def row(seq: int) -> ReportRow:
    """Return the row of an entry. Each has another amount."""
    return ReportRow(
        place=f"2026-11-03T12:00:00.000Z#{seq:02}",
        refund_id=f"rf_{seq}",
        order_id="ord_1",
        type="partial",
        reason="other",
        status="settled",
        currency="usd",
        refunded_amount=2**seq,
        rev_share_adjustment_amount=seq,
        stripe_fee_retained_amount=0,
        net_deduction_amount=-(2**seq),
        tax_refunded_amount=0,
        processed_by="tester",
        stripe_refund_id=f"re_{seq}",
        source=RecordSource.API,
    )


@dataclass
class LaggingRows:
    """Rows from an index that shows other entries at each read.

    Attributes:
        visible: The entries that each read sees; the last one repeats.
    """

    visible: list[frozenset[int]]

    def rows(
        self, _selection: Selection, after: str | None, _page_size: int, limit: RowLimit
    ) -> Iterator[ReportRow]:
        return limit.rows(self._read(after))

    def totals(
        self, _selection: Selection, after: str | None, limit: RowLimit
    ) -> ReportTotals | None:
        totals = ReportTotals().plus(limit.rows(self._read(after)))
        return None if limit.is_reached else totals

    def with_names(self, _studio_id: str, rows: Iterable[ReportRow]) -> Iterable[ReportRow]:
        return rows

    def _read(self, after: str | None) -> list[ReportRow]:
        seen = self.visible.pop(0) if len(self.visible) > 1 else self.visible[0]
        return [each for each in map(row, sorted(seen)) if each.place > (after or "")]


def pages_of(
    visible: list[frozenset[int]], limit: int, state: ReportState = ReportState.SETTLED
) -> Iterator[Report]:
    """Yield the pages of a report, each as a client reads it."""

    def select(query: ReportQuery) -> ReportSelection:
        span = rfc3339(DAYS.start), rfc3339(DAYS.end)
        return ReportSelection(Selection(query.studio_id, state, *span, _ENTRIES), DAYS, "usd")

    report = ReportRefunds(cast("Any", select), cast("Any", LaggingRows(list(visible))))
    query = ReportQuery("st_1", state, "2026-11-01", "2026-11-30")
    cursor = None
    while True:
        page = report(query, limit, cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


entries = st.frozensets(st.integers(1, _ENTRIES))


@given(st.lists(entries, min_size=1, max_size=6), st.integers(1, 5))
def test_the_pages_add_up_to_the_totals_or_the_reader_is_told(
    visible: list[frozenset[int]], limit: int
) -> None:
    try:
        pages = list(pages_of(visible, limit))
    except CursorError:
        assert len(set(visible)) > 1  # an index that does not change is never refused
        return
    rows = [each for page in pages for each in page.rows]
    assert {page.totals for page in pages} == {ReportTotals().plus(rows)}


@given(st.lists(entries, min_size=1, max_size=3), st.integers(1, 5))
def test_the_totals_of_one_answer_contain_its_rows(
    visible: list[frozenset[int]], limit: int
) -> None:
    first = next(pages_of(visible, limit))
    assert first.totals is not None
    contained = first.totals.refunded_amount  # each entry is a bit of its own
    assert all(contained & each.refunded_amount for each in first.rows)
    assert first.totals.count == contained.bit_count()
    assert first.totals.count > len(first.rows) or first.next_cursor is None


def test_an_entry_that_one_replica_does_not_show_yet_is_in_rows_and_totals_or_in_neither() -> None:
    """The read of the totals lags behind the read of the rows."""
    complete = frozenset({1, 2, 3})
    first, second = pages_of([complete, frozenset({1, 2}), complete], 2)
    assert first.totals == second.totals == ReportTotals().plus([*first.rows, *second.rows])
    assert first.totals is not None
    assert first.totals.count == 3


def test_a_reader_is_told_when_an_entry_appears_between_pages() -> None:
    late = [frozenset({1, 2}), frozenset({1, 2}), frozenset({1, 2, 3})]
    pages = pages_of(late, 1)
    next(pages)
    with pytest.raises(CursorError, match="Read the report again from its first page"):
        list(pages)


def test_open_refunds_may_settle_while_they_are_read() -> None:
    moving = [frozenset({1, 2, 3}), frozenset({1, 2, 3}), frozenset({2})]
    assert [len(page.rows) for page in pages_of(moving, 1, ReportState.OPEN)] == [1, 1]
