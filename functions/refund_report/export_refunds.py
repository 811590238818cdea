"""The report as a file: in the answer where it is small, and otherwise written on the side."""

import uuid
from dataclasses import dataclass
from itertools import islice

from functions.refund_report.report_refunds import Asked, ReportQuery, SelectRefunds
from shared.domain.errors import ExportNotFoundError
from shared.domain.report import ReportState
from shared.gateways.exports import ExportFiles, ExportQueue, ExportRequest, ExportStatus
from shared.views import report_csv
from shared.workflow.refund_rows import RefundRows

# A row is some 300 bytes: far below the 6 MB that Lambda takes for an answer, and read in seconds.
MAX_ROWS_ANSWERED = 2_000
# Names can be long, and an order can have a hundred of them.
MAX_BYTES_ANSWERED = 4_000_000


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A report as a file, with the name to save it by."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Export:
    """A report that is written on the side; ``url`` once it can be fetched."""

    export_id: str
    status: ExportStatus
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ExportRefunds:
    """Makes the report as CSV, or has it made."""

    select: SelectRefunds
    rows: RefundRows
    files: ExportFiles
    queue: ExportQueue

    def __call__(self, query: ReportQuery, correlation_id: str) -> CsvFile | Export:
        """Return the whole report as a file, or the export that writes it if it is large.

        Raises:
            DateRangeError: The days are not a range.
            StudioNotFoundError: There is no such studio.
        """
        asked = self.select(query)
        name = _file_name(asked)
        found = self.rows.rows(asked.selection, None, page_size=1_000)
        rows = list(islice(found, MAX_ROWS_ANSWERED + 1))
        if len(rows) <= MAX_ROWS_ANSWERED:
            lines = report_csv.lines(
                self.rows.with_names(asked.selection.studio_id, rows), asked.days.zone
            )
            content = report_csv.header() + lines
            if len(content.encode()) <= MAX_BYTES_ANSWERED:
                return CsvFile(name, content)
        return self._start(asked, name, correlation_id)

    def _start(self, asked: Asked, name: str, correlation_id: str) -> Export:
        selection, export_id = asked.selection, uuid.uuid4().hex
        # Before the message: nobody may be told of an export that its status does not know.
        self.files.mark_requested(selection.studio_id, export_id)
        self.queue.send(
            ExportRequest(
                export_id=export_id,
                studio_id=selection.studio_id,
                state=selection.state,
                start=selection.start,
                end=selection.end,
                upto_seq=str(selection.upto_seq),
                file_name=name,
                correlation_id=correlation_id or export_id,
            )
        )
        return Export(export_id, ExportStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class FindExport:
    """Says how far an export is."""

    files: ExportFiles

    def __call__(self, studio_id: str, export_id: str) -> Export:
        """Return the studio's export, with a link to its file once that is there.

        Raises:
            ExportNotFoundError: There is none, or it is another studio's, or a week old.
        """
        status = self.files.status(studio_id, export_id)
        if status is None:
            raise ExportNotFoundError(
                "There is no such export in your studio. Exports are kept for a week."
            )
        ready = status is ExportStatus.READY
        return Export(export_id, status, self.files.link(studio_id, export_id) if ready else None)


def _file_name(asked: Asked) -> str:
    state = asked.selection.state
    what = "refunds" if state is ReportState.SETTLED else f"{state}-refunds"
    return f"{what}_{asked.days.first}_{asked.days.last}.csv"
