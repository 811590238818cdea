"""Pages and cursors of the refund report, on real tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.refund_report.report_refunds import ReportRefunds
from shared.domain.errors import CursorError, RangeTooLargeError, StudioNotFoundError
from shared.domain.report import ReportTotals
from shared.domain.report_filter import ReportFilter
from shared.domain.report_summary import BucketSize
from shared.edge.cursor import cursor_for
from tests.integration.bookkeeper import Bookkeeper, book, totals_of

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_have_every_row_once_and_each_page_has_the_totals_of_all_rows(
    bookkeeper: Bookkeeper, limit: int
) -> None:
    # Several settle at the same moment: their ledger numbers order them.
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    times = [at + timedelta(seconds=second // 3) for second in range(7)]
    book(bookkeeper.backend, *times)
    pages = list(bookkeeper.pages(limit, first="2026-11-01", last="2026-11-30"))
    rows = [row for page in pages for row in page.rows]
    assert len(pages) == -(-7 // limit)
    assert len({row.refund_id for row in rows}) == len(rows) == 7
    assert sorted(row.settled_at or "" for row in rows) == [row.settled_at for row in rows]
    totals = ReportTotals().plus(rows)
    assert {page.totals for page in pages} == {totals}
    assert totals == ReportTotals(7, 700, 105, 21, -595, 0)


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_newest_first_is_the_same_report_in_reverse(bookkeeper: Bookkeeper, limit: int) -> None:
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    book(bookkeeper.backend, *(at + timedelta(seconds=second // 3) for second in range(7)))
    span: dict[str, Any] = {"first": "2026-11-01", "last": "2026-11-30"}
    oldest = bookkeeper.report(**span)
    pages = list(bookkeeper.pages(limit, newest_first=True, **span))
    rows = [row for page in pages for row in page.rows]
    assert rows == oldest.rows[::-1]
    assert {page.totals for page in pages} == {oldest.totals}
    # What settles between the pages is left out here too.
    reading = bookkeeper.pages(2, newest_first=True, **span)
    first = next(reading)
    book(bookkeeper.backend, at, at + timedelta(hours=1))
    assert [row for page in (first, *reading) for row in page.rows] == rows


def test_charts_have_the_figures_of_the_table(bookkeeper: Bookkeeper) -> None:
    at = datetime(2026, 11, 3, 5, 30, tzinfo=UTC)  # before midnight in Chicago
    book(bookkeeper.backend, at, at + timedelta(hours=1), at + timedelta(days=9))
    span: dict[str, Any] = {"first": "2026-11-01", "last": "2026-11-30"}
    table = bookkeeper.report(**span)
    days = bookkeeper.summary(**span)
    counts = {each.first.day: each.totals.count for each in days.buckets if each.totals.count}
    assert (len(days.buckets), counts) == (30, {2: 1, 3: 1, 11: 1})
    weeks = bookkeeper.summary(BucketSize.WEEK, **span)
    assert [each.totals.count for each in weeks.buckets] == [0, 2, 1, 0, 0, 0]
    assert days.totals == weeks.totals == table.totals
    assert [(each.reason, each.totals.count) for each in days.reasons] == [("other", 3)]
    with pytest.raises(RangeTooLargeError, match="or for weeks"):
        bookkeeper.summary(first="2020-01-01", last="2026-11-30")


def test_refunds_that_settle_between_pages_change_neither_rows_nor_totals(
    bookkeeper: Bookkeeper,
) -> None:
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    book(bookkeeper.backend, *(at + timedelta(minutes=minute) for minute in range(4)))
    span: dict[str, Any] = {"first": "2026-11-01", "last": "2026-11-30"}
    pages = bookkeeper.pages(2, **span)
    first = next(pages)
    # Settled between the shown rows, at the same moment, and after them all.
    book(bookkeeper.backend, at, at + timedelta(seconds=30), at + timedelta(hours=1))
    second = next(pages)
    assert next(pages, None) is None
    shown = [row.refund_id for page in (first, second) for row in page.rows]
    assert len(set(shown)) == len(shown) == 4
    assert first.totals == second.totals == ReportTotals().plus([*first.rows, *second.rows])
    assert totals_of(bookkeeper.report(**span)).count == 7


def test_a_cursor_keeps_the_days_of_its_first_page(bookkeeper: Bookkeeper) -> None:
    backend = bookkeeper.backend
    now = backend.clock()
    book(backend, *(now - timedelta(days=29, minutes=minute) for minute in range(3)))
    pages = bookkeeper.pages(2)
    first = next(pages)
    backend.clock.ahead = timedelta(days=20)
    second = next(pages)
    assert len(second.rows) == 1
    assert first.chosen.days == second.chosen.days
    assert totals_of(bookkeeper.report()).count == 0


def forged(bookkeeper: Bookkeeper, **changes: str) -> str:
    """Return a cursor in our format with other content."""
    at = "2026-11-03T12:00:00.000Z"
    position = {"start": at, "end": at, "upto_seq": "9", "place": f"{at}#1"} | changes
    return cursor_for([*position.values(), *["0"] * 12], *bookkeeper.query().scope)


@pytest.mark.parametrize(
    "changes",
    [
        {"place": "x"},
        {"place": "2026-11-03T12:00:00.000Z#rf_1"},
        {"place": "2026-11-03T12:00:00.000Z"},
        {"start": "x"},
        {"end": "0001-01-01T00:00:00.000+23:59"},
        {"upto_seq": "many"},
    ],
)
def test_a_forged_cursor_is_refused(bookkeeper: Bookkeeper, changes: dict[str, str]) -> None:
    with pytest.raises(CursorError):
        bookkeeper.report(cursor=forged(bookkeeper, **changes))


def test_a_forged_end_of_time_is_refused(bookkeeper: Bookkeeper) -> None:
    only = ReportFilter(effective=True)
    at = "2026-11-03T12:00:00.000Z"
    position = [at, "9999-12-31T00:00:00.000Z", "9", f"{at}#1", *["0"] * 12]
    cursor = cursor_for(position, *bookkeeper.query(only=only).scope)
    with pytest.raises(CursorError):
        bookkeeper.report(only=only, cursor=cursor)


def test_a_cursor_works_for_one_studio_and_one_query(bookkeeper: Bookkeeper) -> None:
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    book(bookkeeper.backend, at, at)
    cursor = bookkeeper.report(first="2026-11-01", last="2026-11-30", limit=1).next_cursor
    for other in (
        ("settled", "2026-11-02", "2026-11-30"),
        ("settled", "2026-11-01", "2026-11-29"),
        ("failed", "2026-11-01", "2026-11-30"),
    ):
        with pytest.raises(CursorError):
            bookkeeper.report(*other, cursor=cursor)
    query = replace(bookkeeper.query(first="2026-11-01", last="2026-11-30"), studio_id="st_other")
    with pytest.raises(StudioNotFoundError):
        ReportRefunds(bookkeeper.select, bookkeeper.rows)(query, 1, cursor)
