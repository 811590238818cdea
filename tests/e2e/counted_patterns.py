"""Patterns that the deployed worker counts, as if a studio's orders were too many for a request."""

from shared.domain.attribution import By
from shared.domain.export import AnswerForm, ExportedReport, PatternsSelection
from shared.gateways.exports import ExportFiles, ExportQueue
from shared.workflow.start_export import StartExport, WantedFile
from tests.e2e.world import DeployedStack


def count_patterns(world: DeployedStack, studio_id: str, by: By, first: str, last: str) -> str:
    """Ask the worker for a studio's patterns, on days that include both; return the export's id."""
    settings = world.environment("refund_report")
    start = StartExport(
        ExportFiles(world.stack.aws.s3, settings["EXPORT_BUCKET"]),
        ExportQueue(world.stack.aws.sqs, settings["EXPORT_QUEUE_URL"]),
    )
    wanted = WantedFile(ExportedReport.PATTERNS, AnswerForm.JSON, "patterns.json")
    return start(PatternsSelection(studio_id, by, first, last), wanted, "test").export_id
