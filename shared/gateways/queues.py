"""The queues between the functions. A message names a record and holds no data of it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from itertools import batched
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

    from shared.domain.anchor import AnchorWork
    from shared.domain.due_work import DueWork
    from shared.domain.fee_refund import FeeRefund
    from shared.domain.order import OrderKey
    from shared.domain.payout import PayoutWork
    from shared.domain.refund import Refund


# The fields of a message on each queue.
ADJUST_FIELDS = ("studio_id", "order_id", "refund_id", "correlation_id")
FEE_REFUND_FIELDS = ("studio_id", "order_id", "correlation_id")
CHARGE_FIELDS = ("studio_id", "order_id")
ANCHOR_FIELDS = ("studio_id", "verified")
PAYOUT_FIELDS = ("studio_id", "payout")
RESUME_FIELDS = ("studio_id", "order_id", "task", "due_at")
# An event that was parked. One that comes from SES has another form.
MAIL_EVENT_FIELDS = (
    *("studio_id", "order_id", "message_id", "ses_message_id", "sent_at", "report", "at"),
)

# The attributes of a parked message.
PARKED_REASON = "parked_reason"
PARKED_ID = "parked_id"
PARKED_GROUP = "parked_group"


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
_MESSAGES_PER_CALL = 10


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

    def _send_all(self, messages: Iterable[dict[str, str]]) -> int:
        """Send messages, ten with each call, and return how many.

        Args:
            messages: Each with a ``MessageBody``, and on a FIFO queue with its group and
                deduplication id.

        Raises:
            QueueBusyError: SQS did not take all of them. Some may be sent.
        """
        sent = 0
        for batch in batched(messages, _MESSAGES_PER_CALL, strict=False):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), **message}  # type: ignore[typeddict-item]  # callers name the fields
                for number, message in enumerate(batch)
            ]
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise QueueBusyError(f"SQS did not take {len(answer['Failed'])} messages")
            sent += len(entries)
        return sent


class AdjustQueue(Queue):
    """Announces refunds that need a settlement. FIFO, one message group a studio."""

    def announce(self, refund: "Refund") -> None:
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

    def announce(self, *fee_refunds: "FeeRefund") -> None:
        """Announce that fees must be refunded up to their targets; repeats do no harm.

        Raises:
            QueueBusyError: SQS did not take all of them. Announce them again.
        """
        self._send_all(map(_fee_refund_message, fee_refunds))


class ChargeQueue(Queue):
    """Announces orders whose charge must be read at Stripe. Repeats and reordering do no harm."""

    def announce(self, *orders: "OrderKey") -> None:
        """Announce that these orders' charges must be read.

        Raises:
            QueueBusyError: SQS did not take all of them. Announce them again.
        """
        self._send_all(
            {"MessageBody": json.dumps({"studio_id": each.studio_id, "order_id": each.order_id})}
            for each in orders
        )


class PayoutQueue(Queue):
    """Hands out the work of a payout run. FIFO, one message group a studio."""

    def announce(self, works: "Iterable[PayoutWork]", hour: str) -> int:
        """Announce works, and return how many; repeats do no harm.

        SQS drops a repeat of the same hour for five minutes.

        Args:
            works: What is due.
            hour: The hour of the run, so that the next run is no repeat.

        Raises:
            QueueBusyError: SQS did not take all of them. The next run announces what is due then.
        """
        return self._send_all(_message_of_studio(asdict(work), hour) for work in works)


class ResumeQueue(Queue):
    """Hands out the work of a resume round. FIFO, one message group a studio."""

    def announce(self, works: "Iterable[DueWork]") -> int:
        """Announce works, and return how many; repeats do no harm.

        SQS drops a repeat of work that is due at the same time for five minutes.

        Args:
            works: What is due.

        Raises:
            QueueBusyError: SQS did not take all of them. The next round announces what is due then.
        """
        return self._send_all(
            _message_of_studio(asdict(work.order) | {"task": work.task, "due_at": work.due_at})
            for work in works
        )


class AnchorQueue(Queue):
    """Hands out ledgers to anchor. FIFO, one message group a studio."""

    def announce(self, works: "Iterable[AnchorWork]", hour: str) -> int:
        """Announce ledgers, and return how many; repeats do no harm.

        SQS drops a repeat of the same hour for five minutes.

        Args:
            works: The ledgers.
            hour: The hour of the run, so that the next run is no repeat.

        Raises:
            QueueBusyError: SQS did not take all of them. The next run announces what is due then.
        """
        return self._send_all(_message_of_studio(asdict(work), hour) for work in works)


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


def _fee_refund_message(fee_refund: "FeeRefund") -> dict[str, str]:
    # SQS takes at most 128 characters, and both ids together may be longer.
    order = f"{fee_refund.studio_id}#{fee_refund.order_id}"
    group = hashlib.sha256(order.encode()).hexdigest()
    body = {
        "studio_id": fee_refund.studio_id,
        "order_id": fee_refund.order_id,
        "correlation_id": fee_refund.correlation_id,
    }
    return {
        "MessageGroupId": group,
        "MessageDeduplicationId": f"{group}:{fee_refund.version}",
        "MessageBody": json.dumps(body),
    }


def _message_of_studio(body: dict[str, str], run: str = "") -> dict[str, str]:
    """Return a FIFO message in its studio's group. SQS drops a repeat in the same run."""
    text = json.dumps(body)
    return {
        "MessageGroupId": body["studio_id"],
        # SQS takes at most 128 characters, and the ids together may be longer.
        "MessageDeduplicationId": hashlib.sha256(f"{run} {text}".encode()).hexdigest(),
        "MessageBody": text,
    }
