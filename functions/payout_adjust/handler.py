"""Lambda on the adjust queue: settles the refunds its messages name."""

import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.payout_adjust.settle_refund import NothingToSettleError, SettleRefund
from shared.clock import rfc3339, utc_now
from shared.domain.ledger import EntryKind, LedgerEntry
from shared.domain.order import OrderKey
from shared.domain.parked import ParkedMessage
from shared.domain.refund import RefundKey
from shared.edge.observability import count, logger, measure_seconds, metrics
from shared.edge.settings import setting
from shared.edge.sqs import (
    BatchAnswer,
    MalformedMessageError,
    QueueMessage,
    dead_letter_failures,
    message_from,
    messages_of,
    process_each,
)
from shared.gateways import aws
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_refunds import OrderRefunds
from shared.gateways.parked_messages import ParkedRecords
from shared.gateways.queues import ADJUST_FIELDS, FeeRefundQueue, ParkedMessages
from shared.gateways.running_sums import StoredSums
from shared.gateways.settlement_store import SettlementStore
from shared.workflow.keep_running_sums import KeepRunningSums

dynamodb = aws.client("dynamodb")
sqs = aws.client("sqs")
settle_refund = SettleRefund(
    OrderRefunds(dynamodb, setting("ORDERS_TABLE")),
    SettlementStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE")),
    FeeRefundQueue(sqs, setting("FEE_REFUND_QUEUE_URL")),
    utc_now,
)
keep_sums = KeepRunningSums(
    LedgerEntries(dynamodb, setting("LEDGER_TABLE")), StoredSums(dynamodb, setting("ORDERS_TABLE"))
)
parked = ParkedMessages(sqs, setting("ADJUST_DLQ_URL"))
records = ParkedRecords(dynamodb, setting("ORDERS_TABLE"))

type Settled = dict[RefundKey, LedgerEntry | None]


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> BatchAnswer:  # noqa: ARG001  # Lambda's signature
    """Settle a batch, and report the messages that failed, so that SQS delivers them again.

    First it settles each studio's refunds together. What is left then is settled one by one. A
    settlement reads all that it needs, so the order of the messages does not matter.
    """
    messages = messages_of(event)
    settled: Settled = {}
    for refunds in _by_studio(messages):
        settled |= _settle_together(refunds)
    return process_each(messages, partial(settle, settled))


def settle(settled: Settled, message: QueueMessage) -> None:
    """Settle the refund that a message names, or park the message with its reason."""
    with dead_letter_failures(message, parked, NothingToSettleError, on_parked=_list_for_studio):
        named = message_from(message.body, *ADJUST_FIELDS)
        logger.set_correlation_id(named["correlation_id"])
        key = _refund_of(named)
        entry = settled.pop(key) if key in settled else settle_refund(key.order, key.refund_id)
        _count(entry)
        if entry is not None:
            measure_seconds("LedgerLag", _age_seconds(message))
            keep_sums(entry.studio_id, entry.seq, entry.seq)


def _age_seconds(message: QueueMessage) -> float:
    """Return how long ago the message was sent: right after the refund was confirmed."""
    return max(0.0, time.time() - message.sent_ms / 1000)


def _by_studio(messages: Iterable[QueueMessage]) -> Iterable[list[RefundKey]]:
    """Return the refunds that a batch names, by studio."""
    found: dict[str, list[RefundKey]] = {}
    for message in messages:
        # Messages that nobody can read are parked later.
        with suppress(MalformedMessageError):
            key = _refund_of(message_from(message.body, *ADJUST_FIELDS))
            found.setdefault(key.order.studio_id, []).append(key)
    return found.values()


def _refund_of(named: dict[str, str]) -> RefundKey:
    return RefundKey(OrderKey(named["studio_id"], named["order_id"]), named["refund_id"])


def _settle_together(refunds: list[RefundKey]) -> Settled:
    """Settle refunds of one studio, or none of them if there is an error: then one by one."""
    try:
        return settle_refund.together(refunds)
    except Exception:  # noqa: BLE001  # any error of one must not stop the others
        # The error belongs to one of them. It is raised again when that one's turn comes.
        logger.exception("not settled together", studio_id=refunds[0].order.studio_id)
        count("BatchSettledOneByOne")
        return {}


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


def _list_for_studio(message: QueueMessage, reason: str) -> None:
    """Put a parked message on the attention list of the studio, whose id is the message group."""
    records.add(
        ParkedMessage(
            parked_id=message.message_id,
            studio_id=message.group or "unknown",
            queue=parked.name,
            reason=reason,
            parked_at=rfc3339(utc_now()),
        )
    )
