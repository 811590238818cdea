"""A payout's statement as CSV. A large one is written by an export."""

from dataclasses import dataclass

from functions.payouts.show_payout import MOST_LINES_AT_ONCE, ShowPayout, stored_studio
from shared.domain.export import (
    SUFFIXES,
    CsvFile,
    DecimalMark,
    Export,
    ExportedReport,
    ExportForm,
    StatementSelection,
)
from shared.views.columns import csv_header, csv_lines
from shared.views.statement_columns import COLUMNS
from shared.workflow.start_export import StartExport, WantedFile
from shared.workflow.statement_rows import StatementRows


@dataclass(frozen=True, slots=True)
class StatementFile:
    """Makes a payout's statement as CSV. If it is large, requests an export of it."""

    show: ShowPayout
    rows: StatementRows
    start: StartExport

    def __call__(
        self, studio_id: str, payout_id: str, mark: DecimalMark, correlation_id: str
    ) -> CsvFile | Export:
        """Return the statement, or the export that writes it.

        Raises:
            PayoutNotFoundError: The studio has no such payout.
            StatementError: The ledger is damaged.
        """
        payout = self.show.find(studio_id, payout_id)
        name = payout.payout_id + SUFFIXES[ExportForm.CSV]
        if payout.entry_count > MOST_LINES_AT_ONCE:
            wanted = WantedFile(ExportedReport.STATEMENT, ExportForm.CSV, name, mark)
            return self.start(StatementSelection(studio_id, payout_id), wanted, correlation_id)
        zone = stored_studio(self.show.studios, payout).zone
        rows = csv_lines(COLUMNS, self.rows(payout), zone, mark)
        return CsvFile(name, csv_header(COLUMNS, mark) + rows)
