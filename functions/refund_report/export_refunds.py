"""The report as a file. A small one is the answer itself. A large one is written by an export."""

from dataclasses import dataclass
from itertools import islice

from functions.refund_report.report_refunds import ReportQuery, ReportSelection, SelectRefunds
from shared.domain.errors import ExportNotFoundError
from shared.domain.export import (
    SUFFIXES,
    CsvFile,
    DecimalMark,
    Export,
    ExportedReport,
    ExportForm,
    ExportStatus,
)
from shared.domain.report import ReportState
from shared.gateways.exports import ExportFiles
from shared.views.columns import csv_header, csv_lines
from shared.views.report_columns import COLUMNS
from shared.workflow.refund_rows import RefundRows
from shared.workflow.start_export import StartExport, WantedFile

# A row has about 300 bytes. So an answer stays far below Lambda's 6 MB, and takes seconds.
MAX_ROWS_ANSWERED = 2_000
# Names can be long, and an order can have a hundred of them: the bytes are checked too.
MAX_BYTES_ANSWERED = 4_000_000


@dataclass(frozen=True, slots=True)
class ExportRefunds:
    """Makes the report as a file. If it is large or a workbook, requests an export of it."""

    select: SelectRefunds
    rows: RefundRows
    start: StartExport

    def __call__(
        self,
        query: ReportQuery,
        correlation_id: str,
        form: ExportForm = ExportForm.CSV,
        mark: DecimalMark = DecimalMark.POINT,
    ) -> CsvFile | Export:
        """Return the whole report as a file, or the export that writes it.

        Raises:
            DateRangeError: The days are not a range.
            StudioNotFoundError: There is no such studio.
        """
        chosen = self.select(query)
        wanted = WantedFile(ExportedReport.REFUNDS, form, _file_name(chosen, form), mark)
        if form is ExportForm.CSV and (content := self._content(chosen, mark)):
            return CsvFile(wanted.name, content)
        return self.start(chosen.selection, wanted, correlation_id)

    def _content(self, chosen: ReportSelection, mark: DecimalMark) -> str | None:
        """Return the report as CSV, or None if it is too large for an answer."""
        found = self.rows.rows(chosen.selection, None, page_size=1_000)
        rows = list(islice(found, MAX_ROWS_ANSWERED + 1))
        if len(rows) > MAX_ROWS_ANSWERED:
            return None
        named = self.rows.with_names(chosen.selection.studio_id, rows)
        content = csv_header(COLUMNS, mark) + csv_lines(COLUMNS, named, chosen.days.zone, mark)
        return content if len(content.encode()) <= MAX_BYTES_ANSWERED else None


@dataclass(frozen=True, slots=True)
class FindExport:
    """Reads the status of an export."""

    files: ExportFiles

    def __call__(self, studio_id: str, export_id: str) -> Export:
        """Return the studio's export, with a link to its file once it is ready.

        Raises:
            ExportNotFoundError: This studio has no such export, or it is older than a week.
        """
        status = self.files.status(studio_id, export_id)
        if status is None:
            raise ExportNotFoundError(
                "Your studio has no such export. Exports are kept for a week. "
                "Request the report again."
            )
        ready = status is ExportStatus.READY
        return Export(export_id, status, self.files.link(studio_id, export_id) if ready else None)


def _file_name(chosen: ReportSelection, form: ExportForm) -> str:
    state = chosen.selection.state
    what = "refunds" if state is ReportState.SETTLED else f"{state}-refunds"
    return f"{what}_{chosen.days.first}_{chosen.days.last}{SUFFIXES[form]}"
