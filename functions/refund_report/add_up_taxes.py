"""The refunded tax of the report, by jurisdiction and rate."""

from dataclasses import dataclass

from functions.refund_report.report_refunds import (
    ReportQuery,
    ReportSelection,
    SelectRefunds,
    all_rows,
)
from shared.domain.report_taxes import TaxTotals, refunded_taxes
from shared.workflow.refund_rows import RefundRows


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
        return ReportTaxes(chosen, refunded_taxes(all_rows(self.rows, chosen.selection)))
