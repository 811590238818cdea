"""The figures of the report's charts."""

from dataclasses import dataclass

from functions.refund_report.report_refunds import (
    ReportQuery,
    ReportSelection,
    SelectRefunds,
    all_rows,
)
from shared.domain.errors import RangeTooLargeError
from shared.domain.report import ReportTotals
from shared.domain.report_summary import Bucket, BucketSize, ReasonTotals, ReportSums
from shared.workflow.refund_rows import RefundRows

# A chart with more bars shows nothing.
MOST_BUCKETS = 1_000


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """The sums of a selection: all, by day or week, and by reason."""

    chosen: ReportSelection
    size: BucketSize
    totals: ReportTotals
    buckets: list[Bucket]
    reasons: list[ReasonTotals]


@dataclass(frozen=True, slots=True)
class SummarizeRefunds:
    """Adds up the rows of the report for its charts."""

    select: SelectRefunds
    rows: RefundRows

    def __call__(self, query: ReportQuery, size: BucketSize) -> ReportSummary:
        """Return the sums of the same rows that the report lists.

        Raises:
            DateRangeError: The days are not a range.
            RangeTooLargeError: The range has too many days or refunds for a chart.
            StudioNotFoundError: There is no such studio.
        """
        chosen = self.select(query)
        days = chosen.days
        sums = ReportSums(days.zone)
        sums.add(all_rows(self.rows, chosen.selection))
        first = days.first
        if query.first is None:  # open refunds of all days: begin with the oldest
            first = min(sums.by_day, default=days.last)
        length = (days.last - first).days + 1
        if length > MOST_BUCKETS * (1 if size is BucketSize.DAY else 7):
            raise RangeTooLargeError(
                f"A chart has {MOST_BUCKETS:,} bars at most. Ask for fewer days, or for weeks."
            )
        return ReportSummary(
            chosen, size, sums.totals, sums.buckets(first, days.last, size), sums.reasons()
        )
