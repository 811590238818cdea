"""Starting an export: another function writes the file, and the client polls for it."""

import json
import uuid
from dataclasses import asdict, dataclass

from shared.domain.export import DecimalMark, ExportedReport, ExportForm, LedgerSelection
from shared.domain.report import Selection
from shared.gateways.exports import ExportFiles, ExportQueue, ExportRequest, ExportStatus


@dataclass(frozen=True, slots=True)
class Export:
    """A report that another function writes. ``url`` is set once it can be downloaded."""

    export_id: str
    status: ExportStatus
    url: str | None = None


@dataclass(frozen=True, slots=True)
class WantedFile:
    """The form of a file, its decimal mark if it is CSV, and the name to save it under."""

    form: ExportForm
    name: str
    decimal_mark: DecimalMark = DecimalMark.POINT


@dataclass(frozen=True, slots=True)
class StartExport:
    """Requests a file of a selection."""

    files: ExportFiles
    queue: ExportQueue

    def __call__(
        self, selection: Selection | LedgerSelection, wanted: WantedFile, correlation_id: str
    ) -> Export:
        """Request the file, and return the export that the client can poll at once."""
        export_id = uuid.uuid4().hex
        of_ledger = isinstance(selection, LedgerSelection)
        # Before the message, so that the caller can read the export's status at once.
        self.files.mark_requested(selection.studio_id, export_id)
        self.queue.send(
            ExportRequest(
                export_id=export_id,
                studio_id=selection.studio_id,
                report=ExportedReport.LEDGER if of_ledger else ExportedReport.REFUNDS,
                form=wanted.form,
                decimal_mark=wanted.decimal_mark,
                selection=json.dumps(asdict(selection)),
                file_name=wanted.name,
                correlation_id=correlation_id or export_id,
            )
        )
        return Export(export_id, ExportStatus.RUNNING)
