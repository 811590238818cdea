"""The report as a file. A small one is the answer itself. A large one is written by an export."""

import json
import uuid
from dataclasses import asdict, dataclass
from itertools import islice

from functions.refund_report.report_refunds import ReportQuery, ReportSelection, SelectRefunds
from shared.domain.errors import ExportNotFoundError
from shared.domain.report import ReportState, Selection
from shared.gateways.exports import ExportFiles, ExportQueue, ExportRequest, ExportStatus
from shared.views import report_csv
from shared.workflow.refund_rows import RefundRows

# A row has about 300 bytes. So an answer stays far below Lambda's 6 MB, and takes seconds.
MAX_ROWS_ANSWERED = 2_000
# Names can be long, and an order can have a hundred of them: the bytes are checked too.
MAX_BYTES_ANSWERED = 4_000_000


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A report as a file, and the name to save it under."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Export:
    """A report that another function writes. ``url`` is set once it can be downloaded."""

    export_id: str
    status: ExportStatus
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ExportRefunds:
    """Makes the report as CSV. If it is large, requests an export of it."""

    select: SelectRefunds
    rows: RefundRows
    files: ExportFiles
    queue: ExportQueue

    def __call__(self, query: ReportQuery, correlation_id: str) -> CsvFile | Export:
        """Return the whole report as a file. If it is large, return the export that writes it.

        Raises:
            DateRangeError: The days are not a range.
            StudioNotFoundError: There is no such studio.
        """
        chosen = self.select(query)
        name = _file_name(chosen)
        found = self.rows.rows(chosen.selection, None, page_size=1_000)
        rows = list(islice(found, MAX_ROWS_ANSWERED + 1))
        if len(rows) <= MAX_ROWS_ANSWERED:
            lines = report_csv.lines(
                self.rows.with_names(chosen.selection.studio_id, rows), chosen.days.zone
            )
            content = report_csv.header() + lines
            if len(content.encode()) <= MAX_BYTES_ANSWERED:
                return CsvFile(name, content)
        return self._start(chosen.selection, name, correlation_id)

    def _start(self, selection: Selection, name: str, correlation_id: str) -> Export:
        export_id = uuid.uuid4().hex
        # Before the message, so that the caller can read the export's status at once.
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
                only=json.dumps(asdict(selection.only)),
            )
        )
        return Export(export_id, ExportStatus.RUNNING)


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


def _file_name(chosen: ReportSelection) -> str:
    state = chosen.selection.state
    what = "refunds" if state is ReportState.SETTLED else f"{state}-refunds"
    return f"{what}_{chosen.days.first}_{chosen.days.last}.csv"
