"""The refunded tax of the report, by jurisdiction and rate."""

from dataclasses import dataclass

from functions.refund_report.deadline import Deadline
from functions.refund_report.report_refunds import ReportQuery, ReportSelection, SelectRefunds
from shared.domain.report_taxes import TaxTotals, refunded_taxes
from shared.workflow.refund_rows import RefundRows

_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class ReportTaxes:
    """The refunded tax of a selection."""

    chosen: ReportSelection
    taxes: list[TaxTotals]


@dataclass(frozen=True, slots=True)
class AddUpTaxes:
    """Adds up the refunded tax of the rows of the report."""

    select: SelectRefunds
    rows: RefundRows

    def __call__(self, query: ReportQuery) -> ReportTaxes:
        """Return the tax of the same rows that the report lists.

        Raises:
            DateRangeError: The days are not a range.
            RangeTooLargeError: The range has too many refunds to read at once.
            StudioNotFoundError: There is no such studio.
        """
        chosen = self.select(query)
        rows = self.rows.rows(chosen.selection, None, _ROWS_AT_ONCE)
        return ReportTaxes(chosen, refunded_taxes(Deadline.from_now().in_time(rows)))
