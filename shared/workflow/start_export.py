"""Starting an export: another function writes the file, and the client polls for it."""

import json
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from shared.domain.export import DecimalMark, Export, ExportedReport, ExportForm, ExportStatus
from shared.edge.observability import count, logger
from shared.gateways.exports import ExportFiles, ExportQueue, ExportRequest

if TYPE_CHECKING:
    from shared.domain.export import LedgerSelection, StatementSelection
    from shared.domain.report import Selection


@dataclass(frozen=True, slots=True)
class WantedFile:
    """The report and form of a file, the name to save it under, and its decimal mark if CSV."""

    report: ExportedReport
    form: ExportForm
    name: str
    decimal_mark: DecimalMark = DecimalMark.POINT


@dataclass(frozen=True, slots=True)
class StartExport:
    """Requests a file of a selection."""

    files: ExportFiles
    queue: ExportQueue

    def __call__(
        self,
        selection: "Selection | LedgerSelection | StatementSelection",
        wanted: WantedFile,
        correlation_id: str,
    ) -> Export:
        """Request the file, and return the export that the client can poll at once."""
        export_id = uuid.uuid4().hex
        # Before the message, so that the caller can read the export's status at once.
        self.files.mark_requested(selection.studio_id, export_id)
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
        count("ExportRequested")
        logger.info("export requested", export_id=export_id)
        return Export(export_id, ExportStatus.RUNNING)
