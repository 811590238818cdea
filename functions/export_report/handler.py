"""Lambda on the export queue: writes the report that a message requests."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.export_report.ledger_rows import LedgerRows
from functions.export_report.write_export import CannotExportError, WriteExport
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.edge.sqs import (
    EXPORT_TRIES,
    QueueMessage,
    dead_letter_failures,
    message_from,
    messages_of,
)
from shared.gateways import aws
from shared.gateways.exports import ExportFiles, ExportRequest
from shared.gateways.item_parsing import skip_botocore_item_parsing
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists
from shared.gateways.orders_table import OrdersTable
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.people import People
from shared.gateways.queues import ParkedMessages
from shared.gateways.refund_lists import RefundLists
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.studios import Studios
from shared.workflow.find_patterns import FindPatterns
from shared.workflow.refund_rows import RefundRows
from shared.workflow.statement_rows import StatementRows

dynamodb = aws.client("dynamodb")
skip_botocore_item_parsing(dynamodb)
order_lists = OrderLists(dynamodb, setting("ORDERS_TABLE"))
orders = OrdersTable(dynamodb, setting("ORDERS_TABLE"))
settled = SettledRefunds(dynamodb, setting("LEDGER_TABLE"))
people = People(dynamodb, setting("ORDERS_TABLE"))
entries = LedgerEntries(dynamodb, setting("LEDGER_TABLE"))
payouts = PayoutsTable(dynamodb, setting("ORDERS_TABLE"))
write_export = WriteExport(
    Studios(dynamodb, setting("ORDERS_TABLE")),
    RefundRows(
        settled,
        RefundLists(dynamodb, setting("ORDERS_TABLE")),
        order_lists,
        orders,
        people,
    ),
    LedgerRows(entries, payouts, order_lists, people),
    payouts,
    StatementRows(entries, order_lists),
    FindPatterns(order_lists, orders, settled, people),
    ExportFiles(aws.files_client(), setting("EXPORT_BUCKET")),
)

parked = ParkedMessages(aws.client("sqs"), setting("EXPORT_DLQ_URL"))

# Enough to end an upload, or to record that there was not enough time.
_STOP_WHEN_LEFT_MS = 60_000

_FIELDS = tuple(field.name for field in fields(ExportRequest))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Write the requested report. The batch has one message. If it fails, SQS delivers it again."""

    def time_is_up() -> bool:
        return context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS

    for message in messages_of(event):
        export(message, time_is_up)


def export(message: QueueMessage, time_is_up: Callable[[], bool]) -> None:
    """Write the report that a message requests. Park the message if that can never work."""
    with dead_letter_failures(message, parked, CannotExportError, tries=EXPORT_TRIES):
        request = ExportRequest(**message_from(message.body, *_FIELDS))
        logger.set_correlation_id(request.correlation_id)
        logger.append_keys(export_id=request.export_id, studio_id=request.studio_id)
        rows = write_export(request, time_is_up=time_is_up)
        count("ReportExported")
        logger.info("report exported", rows=rows)
