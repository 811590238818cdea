"""A report of more refunds than a request adds up: its pages cost the page, and it says so."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from functions.refund_report import report_refunds
from functions.refund_report.add_up_taxes import AddUpTaxes
from functions.refund_report.report_refunds import (
    Report,
    ReportQuery,
    ReportRefunds,
    ReportSelection,
)
from functions.refund_report.summarize_refunds import SummarizeRefunds
from functions.refund_report.views import report_view
from shared.clock import rfc3339
from shared.domain.errors import RangeTooLargeError
from shared.domain.local_days import local_days
from shared.domain.report import ReportState, Selection
from shared.domain.report_filter import ReportFilter
from shared.domain.report_summary import BucketSize

from .test_large_report import GeneratedTables, rows_of

MOST = 300
DAYS = local_days("2026-01-01", "2026-12-31", ZoneInfo("UTC"), datetime(2027, 1, 1, tzinfo=UTC), 31)
NOBODY = ReportFilter(processed_by="nobody")
OTHER_DAY = ReportFilter(photo_day="2020-01-01")


@dataclass
class CountedTables(GeneratedTables):
    """Tables that count the ledger entries and orders that were read."""

    entries_read: int = 0
    others_read: int = 0

    def query(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # a Query's parts
        answer = super().query(**asked)
        self.entries_read += len(answer["Items"])
        return answer

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # the same
        self.others_read += 1
        return super().batch_get_item(**asked)


@dataclass
class Desk:
    """A bookkeeper's report of a year with so many refunds."""

    tables: CountedTables

    def select(self, query: ReportQuery) -> ReportSelection:
        span = rfc3339(DAYS.start), rfc3339(DAYS.end)
        selected = Selection("st_1", ReportState.SETTLED, *span, self.tables.count, only=query.only)
        return ReportSelection(selected, DAYS, "usd")

    def page(self, only: ReportFilter, limit: int = 50, cursor: str | None = None) -> Report:
        report = ReportRefunds(cast("Any", self.select), rows_of(self.tables))
        return report(query_of(only), limit, cursor)

    def pages(self, only: ReportFilter) -> list[Report]:
        found = [self.page(only)]
        while found[-1].next_cursor is not None:
            found.append(self.page(only, cursor=found[-1].next_cursor))
        return found


def query_of(only: ReportFilter) -> ReportQuery:
    return ReportQuery("st_1", ReportState.SETTLED, "2026-01-01", "2026-12-31", only=only)


def desk_of(refunds: int) -> Desk:
    return Desk(CountedTables(refunds))


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_refunds, "MOST_ROWS_READ", MOST)
    monkeypatch.setattr(report_refunds, "MOST_ORDERS_READ", MOST)


@pytest.mark.parametrize("refunds", [MOST, MOST + 60])
def test_totals_are_there_up_to_a_limit_and_all_rows_always(refunds: int) -> None:
    pages = desk_of(refunds).pages(ReportFilter())
    ids = [row.refund_id for page in pages for row in page.rows]
    assert ids == [f"rf_{number}" for number in range(1, refunds + 1)]
    view = report_view(pages[0], {})
    if refunds > MOST:
        assert [page.totals for page in pages] == [None] * len(pages)
        assert view.totals is None
    else:
        assert view.totals is not None
        assert {page.totals and page.totals.count for page in pages} == {refunds}
        assert view.totals.count == refunds


def test_the_first_page_of_ten_times_the_refunds_reads_no_more() -> None:
    read = []
    for refunds in (2_000, 20_000):
        desk = desk_of(refunds)
        assert desk.page(ReportFilter()).totals is None
        read.append(desk.tables.entries_read)
    assert read[0] == read[1]


@pytest.mark.parametrize("only", [NOBODY, OTHER_DAY])
def test_a_filter_that_finds_nothing_reads_a_part_for_each_page_and_comes_to_an_end(
    only: ReportFilter,
) -> None:
    desk = desk_of(MOST * 3 + 10)
    first = desk.page(only)
    assert (first.rows, first.totals) == ([], None)
    assert first.next_cursor is not None
    assert desk.tables.entries_read <= MOST + 2 * 100
    pages = desk.pages(only)
    assert len(pages) == 4
    assert not any(page.rows for page in pages)


def test_a_filter_that_finds_some_shows_each_once_and_its_totals_if_few_rows_are_read() -> None:
    everybody = replace(NOBODY, processed_by="tester")
    for refunds in (MOST, MOST * 3):
        pages = desk_of(refunds).pages(everybody)
        assert sum(len(page.rows) for page in pages) == refunds
        assert {page.totals is None for page in pages} == {refunds > MOST}


@pytest.mark.parametrize("only", [ReportFilter(), NOBODY, OTHER_DAY])
def test_charts_and_taxes_of_too_many_refunds_are_refused_early_with_the_way_out(
    only: ReportFilter,
) -> None:
    desk = desk_of(10_000)
    select, rows = cast("Any", desk.select), rows_of(desk.tables)
    for ask in (
        lambda: SummarizeRefunds(select, rows)(query_of(only), BucketSize.WEEK),
        lambda: AddUpTaxes(select, rows)(query_of(only)),
    ):
        desk.tables.entries_read = 0
        with pytest.raises(RangeTooLargeError, match=r"more than 300 refunds .* export the report"):
            ask()
        assert desk.tables.entries_read <= 1_000
