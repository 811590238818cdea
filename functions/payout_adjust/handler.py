"""Lambda on the adjust queue: settles the refunds its messages name."""

import time
from typing import Any

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.payout_adjust.settle_refund import NothingToSettleError, SettleRefund
from shared.clock import rfc3339, utc_now
from shared.domain.ledger import EntryKind, LedgerEntry
from shared.domain.order import OrderKey
from shared.domain.parked import ParkedMessage
from shared.edge.observability import count, logger, measure_seconds, metrics
from shared.edge.settings import setting
from shared.edge.sqs import dead_letter_failures, message_from
from shared.gateways import aws
from shared.gateways.orders_table import OrdersTable
from shared.gateways.parked_messages import ParkedRecords
from shared.gateways.queues import ADJUST_FIELDS, FeeRefundQueue, ParkedMessages
from shared.gateways.settlement_store import SettlementStore

dynamodb = aws.client("dynamodb")
sqs = aws.client("sqs")
settle_refund = SettleRefund(
    OrdersTable(dynamodb, setting("ORDERS_TABLE")),
    SettlementStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE")),
    FeeRefundQueue(sqs, setting("FEE_REFUND_QUEUE_URL")),
    utc_now,
)
parked = ParkedMessages(sqs, setting("ADJUST_DLQ_URL"))
records = ParkedRecords(dynamodb, setting("ORDERS_TABLE"))

# Each studio is a message group. An error of one must not delay the others in the batch.
processor = SqsFifoPartialProcessor(skip_group_on_error=True)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Settle a batch, and report the messages that failed, so that SQS delivers them again."""
    return process_partial_response(event, settle, processor, context)


def settle(record: SQSRecord) -> None:
    """Settle the refund that a message names, or park the message with its reason."""
    with dead_letter_failures(record, parked, NothingToSettleError, on_parked=_list_for_studio):
        message = message_from(record.body, *ADJUST_FIELDS)
        logger.set_correlation_id(message["correlation_id"])
        order = OrderKey(message["studio_id"], message["order_id"])
        entry = settle_refund(order, message["refund_id"])
        if entry is not None:
            measure_seconds("LedgerLag", _age_seconds(record))
        _count(entry)


def _age_seconds(record: SQSRecord) -> float:
    """Return how long ago the message was sent: right after the refund was confirmed."""
    return max(0.0, time.time() - int(record.attributes.sent_timestamp) / 1000)


def _count(entry: LedgerEntry | None) -> None:
    if entry is None:
        count("SettlementRepeated")
        return
    count("RefundSettled" if entry.kind is EntryKind.REFUND else "RefundUnsettled")
    logger.info(
        "ledger entry",
        refund_id=entry.refund_id,
        order_id=entry.order_id,
        seq=entry.seq,
        net_amount=entry.net_amount,
    )


def _list_for_studio(record: SQSRecord, reason: str) -> None:
    """Put a parked message on the attention list of the studio, whose id is the message group."""
    records.add(
        ParkedMessage(
            parked_id=record.message_id,
            studio_id=record.attributes.message_group_id or "unknown",
            queue=parked.name,
            reason=reason,
            parked_at=rfc3339(utc_now()),
        )
    )
