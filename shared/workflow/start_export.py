"""Starting an export: another function writes the file, and the client polls for it."""

import hashlib
import itertools
import json
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from shared.domain.export import (
    AnswerForm,
    DecimalMark,
    Export,
    ExportedReport,
    ExportForm,
    ExportStatus,
)
from shared.edge.observability import count, logger
from shared.gateways.exports import ExportFiles, ExportQueue, ExportRequest

if TYPE_CHECKING:
    from datetime import datetime

    from shared.domain.export import LedgerSelection, PatternsSelection, StatementSelection
    from shared.domain.report import Selection

    type Selected = Selection | LedgerSelection | StatementSelection | PatternsSelection


@dataclass(frozen=True, slots=True)
class WantedFile:
    """The report and form of a file, the name to save it under, and its decimal mark if CSV."""

    report: ExportedReport
    form: ExportForm | AnswerForm
    name: str
    decimal_mark: DecimalMark = DecimalMark.POINT


@dataclass(frozen=True, slots=True)
class StartExport:
    """Requests a file of a selection."""

    files: ExportFiles
    queue: ExportQueue

    def __call__(self, selection: "Selected", wanted: WantedFile, correlation_id: str) -> Export:
        """Request the file, and return the export that the client can poll at once."""
        return self._request(uuid.uuid4().hex, selection, wanted, correlation_id)

    def once_an_hour(
        self, selection: "Selected", wanted: WantedFile, now: "datetime", correlation_id: str
    ) -> Export:
        """Request the file, unless the same one was requested in this hour and did not fail.

        The export's id says what was requested in which hour. So a client that asks again, a page
        that is opened again and a second person get the same file. Of two that ask at the same
        moment, both may send a message, and both messages write that file. After a failure, whoever
        asks next starts the next attempt, and all that ask later get that one.
        """
        for attempt in itertools.count(1):
            export_id = _id_in_hour(selection, wanted, now, attempt)
            status = self.files.status(selection.studio_id, export_id)
            if status is None:
                return self._request(export_id, selection, wanted, correlation_id)
            if status is not ExportStatus.FAILED:
                break
        return Export(export_id, ExportStatus.RUNNING)

    def _request(
        self, export_id: str, selection: "Selected", wanted: WantedFile, correlation_id: str
    ) -> Export:
        self.queue.send(
            ExportRequest(
                export_id=export_id,
                studio_id=selection.studio_id,
                report=wanted.report,
                form=wanted.form,
                decimal_mark=wanted.decimal_mark,
                selection=json.dumps(asdict(selection)),
                file_name=wanted.name,
                correlation_id=correlation_id or export_id,
            )
        )
        # After the message: if this dies in between, whoever asks again sends it again.
        self.files.mark_requested(selection.studio_id, export_id)
        count("ExportRequested")
        logger.info("export requested", export_id=export_id)
        return Export(export_id, ExportStatus.RUNNING)


def _id_in_hour(selection: "Selected", wanted: WantedFile, now: "datetime", attempt: int) -> str:
    hour = now.strftime("%Y-%m-%dT%H")
    requested = [hour, attempt, asdict(selection), wanted.report, wanted.form]
    return hashlib.sha256(json.dumps(requested).encode()).hexdigest()[:32]
