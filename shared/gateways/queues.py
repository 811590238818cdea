"""The queues between the functions. A message names a record and holds no data of it."""

import hashlib
import json
from collections.abc import Iterable
from itertools import batched
from typing import TYPE_CHECKING

from shared.domain.fee_refund import FeeRefund
from shared.domain.order import OrderKey
from shared.domain.payout import PayoutWork
from shared.domain.refund import Refund

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef


# The fields of a message on each queue.
ADJUST_FIELDS = ("studio_id", "order_id", "refund_id", "correlation_id")
FEE_REFUND_FIELDS = ("studio_id", "order_id", "correlation_id")
CHARGE_FIELDS = ("studio_id", "order_id")
PAYOUT_FIELDS = ("studio_id", "payout")

# The attributes of a parked message.
PARKED_REASON = "parked_reason"
PARKED_ID = "parked_id"
PARKED_GROUP = "parked_group"


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MESSAGES_PER_CALL = 10


class QueueBusyError(Exception):
    """SQS did not take a message. Sending it again does no harm."""


class Queue:
    """One queue.

    Args:
        sqs: A client.
        url: The queue's URL.
    """

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url


class AdjustQueue(Queue):
    """Announces refunds that need a settlement. FIFO, one message group a studio."""

    def announce(self, refund: Refund) -> None:
        """Announce that a refund needs a settlement; repeats do no harm.

        SQS drops messages with the same deduplication id for five minutes. The id includes the
        status, because a failure soon after the success is not a repeat.
        """
        self._sqs.send_message(
            QueueUrl=self._url,
            MessageGroupId=refund.studio_id,
            MessageDeduplicationId=f"{refund.refund_id}:{refund.status}",
            MessageBody=json.dumps(
                {
                    "studio_id": refund.studio_id,
                    "order_id": refund.order_id,
                    "refund_id": refund.refund_id,
                    "correlation_id": refund.correlation_id,
                }
            ),
        )


class FeeRefundQueue(Queue):
    """Announces application fees that need a refund. FIFO, one message group an order."""

    def announce(self, fee_refund: FeeRefund) -> None:
        """Announce that a fee must be refunded up to its target; repeats do no harm."""
        # SQS takes at most 128 characters, and both ids together may be longer.
        order = f"{fee_refund.studio_id}#{fee_refund.order_id}"
        group = hashlib.sha256(order.encode()).hexdigest()
        self._sqs.send_message(
            QueueUrl=self._url,
            MessageGroupId=group,
            MessageDeduplicationId=f"{group}:{fee_refund.version}",
            MessageBody=json.dumps(
                {
                    "studio_id": fee_refund.studio_id,
                    "order_id": fee_refund.order_id,
                    "correlation_id": fee_refund.correlation_id,
                }
            ),
        )


class ChargeQueue(Queue):
    """Announces orders whose charge must be read at Stripe. Repeats and reordering do no harm."""

    def announce(self, *orders: OrderKey) -> None:
        """Announce that these orders' charges must be read.

        Raises:
            QueueBusyError: SQS did not take all of them. Announce them again.
        """
        for batch in batched(orders, MESSAGES_PER_CALL, strict=False):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(number),
                    "MessageBody": json.dumps(
                        {"studio_id": order.studio_id, "order_id": order.order_id}
                    ),
                }
                for number, order in enumerate(batch)
            ]
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise QueueBusyError(f"SQS did not take {len(answer['Failed'])} messages")


class PayoutQueue(Queue):
    """Hands out the work of a payout run. FIFO, one message group a studio."""

    def announce(self, works: Iterable[PayoutWork], hour: str) -> int:
        """Announce works, and return how many; repeats do no harm.

        SQS drops a repeat of the same hour for five minutes.

        Args:
            works: What is due.
            hour: The hour of the run, so that the next run is no repeat.

        Raises:
            QueueBusyError: SQS did not take all of them. The next run announces what is due then.
        """
        sent = 0
        for batch in batched(works, MESSAGES_PER_CALL, strict=False):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(number),
                    "MessageGroupId": work.studio_id,
                    "MessageDeduplicationId": f"{work.studio_id}:{work.payout}:{hour}"[-128:],
                    "MessageBody": json.dumps({"studio_id": work.studio_id, "payout": work.payout}),
                }
                for number, work in enumerate(batch)
            ]
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise QueueBusyError(f"SQS did not take {len(answer['Failed'])} messages")
            sent += len(entries)
        return sent


class ParkedMessages(Queue):
    """A dead-letter queue, which keeps each failed message with its reason."""

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._url.rpartition("/")[2]

    def park(  # a message has five facts
        self, body: str, message_id: str, reason: str, group: str | None, *, fixed: str = ""
    ) -> str:
        """Park a message as it was received, with its reason, id and group as attributes.

        Args:
            body: The message's body as received.
            message_id: The message's id. Parking it twice in five minutes leaves one message.
            reason: Why it failed; no personal data.
            group: The message group, if its queue has groups.
            fixed: The id of the parked message that this one replaces.

        Returns:
            The message's id in this queue.
        """
        # SQS refuses control characters, and a reason may quote ids from a hostile message.
        said = json.dumps(reason)[1:-1][:200]
        known = {PARKED_REASON: said, PARKED_ID: message_id, PARKED_GROUP: group or ""}
        once = f"{message_id}{fixed}"
        fifo: dict[str, str] = {}
        if self._url.endswith(".fifo"):
            # One group a message, so that reading one parked message does not hide the others.
            fifo = {"MessageGroupId": message_id, "MessageDeduplicationId": once}
        sent = self._sqs.send_message(
            QueueUrl=self._url,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in known.items()
                if value
            },
            **fifo,  # type: ignore[arg-type]  # a FIFO queue takes two more arguments
        )
        return sent["MessageId"]
