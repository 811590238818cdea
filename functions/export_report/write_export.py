"""Writing a large report to a file, a page of rows at a time."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import batched
from zoneinfo import ZoneInfo

from shared.domain.report import ReportRow, ReportState, Selection
from shared.domain.report_filter import ReportFilter
from shared.gateways.exports import ExportFiles, ExportRequest
from shared.gateways.studios import Studios
from shared.views import report_csv
from shared.workflow.refund_rows import RefundRows

# How many rows are read and formatted at once: less than DynamoDB's page of 1 MB.
_ROWS_AT_ONCE = 1_000


class NothingToExportError(Exception):
    """The message names no known studio or no valid selection. It can never work."""


@dataclass(frozen=True, slots=True)
class WriteExport:
    """Writes the report that a message requests. A repeat writes the same rows again."""

    studios: Studios
    rows: RefundRows
    files: ExportFiles

    def __call__(self, request: ExportRequest) -> int:
        """Write the file and return how many rows it has.

        Rows are read, formatted and uploaded a page at a time, so a report of any length takes the
        same memory. A failure is recorded, so that the client learns of it.

        Raises:
            NothingToExportError: The message can never work.
        """
        try:
            return self._write(request)
        except Exception:
            self.files.mark_failed(request.studio_id, request.export_id)
            raise

    def _write(self, request: ExportRequest) -> int:
        studio = self.studios.get(request.studio_id)
        if studio is None:
            raise NothingToExportError(f"there is no studio {request.studio_id}")
        selection = _selection(request)
        found = _Counted(self.rows.rows(selection, None, page_size=_ROWS_AT_ONCE))
        chunks = file_chunks(self.rows.with_names(request.studio_id, found), studio.zone)
        self.files.write(request.studio_id, request.export_id, request.file_name, chunks)
        return found.count


def file_chunks(rows: Iterable[ReportRow], zone: ZoneInfo) -> Iterator[bytes]:
    """Yield the file's bytes while rows are read."""
    yield report_csv.header().encode()
    for batch in batched(rows, _ROWS_AT_ONCE, strict=False):
        yield report_csv.lines(batch, zone).encode()


@dataclass(slots=True)
class _Counted:
    """Rows, and how many of them have been read."""

    rows: Iterator[ReportRow]
    count: int = 0

    def __iter__(self) -> Iterator[ReportRow]:
        for row in self.rows:
            self.count += 1
            yield row


def _selection(request: ExportRequest) -> Selection:
    try:
        return Selection(
            studio_id=request.studio_id,
            state=ReportState(request.state),
            start=request.start,
            end=request.end,
            upto_seq=int(request.upto_seq),
            only=ReportFilter(**json.loads(request.only)),
        )
    except (TypeError, ValueError) as error:
        raise NothingToExportError("the message selects nothing") from error
