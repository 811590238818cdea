"""The dead-letter queues of a stack, and their messages.

A message leaves its dead-letter queue only after its replacement was sent. Sending a message back
twice does no harm, because it only says which record to look at.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.operate.stack import OperatedStack
from shared.clock import rfc3339, utc_now
from shared.domain.parked import ParkedMessage
from shared.edge.sqs import MalformedMessageError, message_from
from shared.gateways.exports import ExportRequest
from shared.gateways.parked_messages import ParkedRecords
from shared.gateways.queues import (
    ADJUST_FIELDS,
    ANCHOR_FIELDS,
    CHARGE_FIELDS,
    FEE_REFUND_FIELDS,
    MAIL_EVENT_FIELDS,
    PARKED_GROUP,
    PARKED_ID,
    PARKED_REASON,
    PAYOUT_FIELDS,
    RESUME_FIELDS,
    ParkedMessages,
)
from shared.gateways.reconcile_queue import RECONCILE_FIELDS

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10
# An operation hides the messages from other readers for this long.
_HELD_SECONDS = 60

# The fields of each queue's messages.
QUEUES = {
    "adjust": ADJUST_FIELDS,
    "fee_refund": FEE_REFUND_FIELDS,
    "charge": CHARGE_FIELDS,
    "payout": PAYOUT_FIELDS,
    "reconcile": RECONCILE_FIELDS,
    "resume": RESUME_FIELDS,
    "anchor": ANCHOR_FIELDS,
    "export": tuple(each.name for each in fields_of(ExportRequest)),
    "mail_event": MAIL_EVENT_FIELDS,
}
_OUTPUTS = {
    "adjust": "Adjust",
    "fee_refund": "FeeRefund",
    "charge": "Charge",
    "payout": "Payout",
    "reconcile": "Reconcile",
    "resume": "Resume",
    "anchor": "Anchor",
    "export": "Export",
    "mail_event": "MailEvent",
}
_NO_REASON = "unknown: the function crashed or timed out, see its log"


def queue_outputs() -> dict[str, str]:
    """Return the output of a stack that has the URL of each queue and dead-letter queue."""
    queues = {queue: f"{name}QueueUrl" for queue, name in _OUTPUTS.items()}
    return queues | {f"{queue}_dlq": f"{name}DLQUrl" for queue, name in _OUTPUTS.items()}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in a dead-letter queue.

    Attributes:
        queue: The queue it came from, a key of ``QUEUES``.
        message_id: Its id in the dead-letter queue.
        body: The body as received.
        reason: Why it could not be processed.
        group: Its message group in its queue, or an empty string.
        parked_id: Its id in its queue.
        sent_at: When it came to the dead-letter queue.
        receipt: SQS's handle for this receive.
    """

    queue: str
    message_id: str
    body: str
    reason: str
    group: str
    parked_id: str
    sent_at: datetime
    receipt: str

    @classmethod
    def received(cls, queue: str, message: Any) -> "DeadLetter":  # noqa: ANN401  # SQS's answer
        """Return the dead letter of a received message, whether we parked it or SQS moved it."""
        system = message["Attributes"]
        known = {
            name: value["StringValue"]
            for name, value in message.get("MessageAttributes", {}).items()
        }
        # SQS keeps the group of a message that it moves. Messages that we park have groups of
        # their own.
        moved_group = "" if PARKED_ID in known else system.get("MessageGroupId", "")
        return cls(
            queue=queue,
            message_id=message["MessageId"],
            body=message["Body"],
            reason=known.get(PARKED_REASON, _NO_REASON),
            group=known.get(PARKED_GROUP, moved_group),
            parked_id=known.get(PARKED_ID, message["MessageId"]),
            sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
            receipt=message["ReceiptHandle"],
        )

    def fields(self) -> dict[str, str]:
        """Return the fields in the body that its queue knows."""
        try:
            values = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        known = values if isinstance(values, dict) else {}
        return {name: str(known[name]) for name in QUEUES[self.queue] if name in known}

    def ids(self) -> dict[str, str]:
        """Return the ids in the body, by field."""
        return {name: value for name, value in self.fields().items() if name.endswith("_id")}

    def studio_id(self) -> str:
        """Return the studio's id, or ``unknown`` if the message does not contain it."""
        group = self.group if self.queue == "adjust" else ""
        return self.fields().get("studio_id") or group or "unknown"


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead-letter queues of a stack.

    Args:
        sqs: A client.
        urls: The queues' URLs: ``adjust``, ``adjust_dlq`` and so on.
        records: The records of parked messages that studios see.
    """

    sqs: "SQSClient"
    urls: dict[str, str]
    records: ParkedRecords
    _removed: set[str] = field(default_factory=set)

    @classmethod
    def of_stack(cls, stack: OperatedStack) -> "DeadLetters":
        """Return a stack's dead-letter queues."""
        urls = {queue: stack.output(name) for queue, name in queue_outputs().items()}
        records = ParkedRecords(stack.aws.dynamodb, stack.output("OrdersTableName"))
        return cls(stack.aws.sqs, urls, records)

    @contextmanager
    def held(self) -> Iterator[list[DeadLetter]]:
        """Hold all dead letters, oldest first, and release those that are left at the end."""
        found: list[DeadLetter] = []
        try:
            for queue in QUEUES:
                found.extend(self._receive(queue))
            yield sorted(found, key=lambda letter: letter.sent_at)
        finally:
            for letter in found:
                if letter.receipt not in self._removed:
                    self.sqs.change_message_visibility(
                        QueueUrl=self._dlq_url(letter),
                        ReceiptHandle=letter.receipt,
                        VisibilityTimeout=0,
                    )

    def redrive(self, letter: DeadLetter, by: str) -> None:
        """Send a message back to its queue, then remove it from its dead-letter queue.

        Args:
            letter: A held message.
            by: The operator's id, for the record.
        """
        url = self.urls[letter.queue]
        fifo: dict[str, Any] = {}
        if url.endswith(".fifo"):
            # A new deduplication id: SQS drops a message whose id it saw in the last five minutes.
            fifo = {
                "MessageGroupId": letter.group or letter.message_id,
                "MessageDeduplicationId": f"redrive-{letter.message_id}",
            }
        self.sqs.send_message(QueueUrl=url, MessageBody=letter.body, **fifo)
        self._record(letter, by, "sent back")
        self._remove(letter)

    def fix(self, letter: DeadLetter, changes: dict[str, str]) -> str:
        """Replace a message by one with changed fields, and return the new message's id.

        The new message stays in the dead-letter queue.

        Raises:
            MalformedMessageError: The queue's function could not read the changed message.
        """
        unknown = changes.keys() - set(QUEUES[letter.queue])
        if unknown:
            raise MalformedMessageError(f"{letter.queue} has no {', '.join(sorted(unknown))}")
        body = json.dumps(letter.fields() | changes)
        message_from(body, *QUEUES[letter.queue])
        parked = ParkedMessages(self.sqs, self._dlq_url(letter))
        fixed = parked.park(
            body, letter.parked_id, letter.reason, letter.group, fixed=f"-{letter.message_id}"
        )
        self._remove(letter)
        return fixed

    def discard(self, letter: DeadLetter, by: str, why: str) -> None:
        """Record who discards a message and why, then remove it.

        Args:
            letter: A held message.
            by: The operator's id.
            why: The reason; no personal data.
        """
        self._record(letter, by, f"discarded: {why}")
        self._remove(letter)

    def _receive(self, queue: str) -> Iterator[DeadLetter]:
        while messages := self.sqs.receive_message(
            QueueUrl=self.urls[f"{queue}_dlq"],
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=_HELD_SECONDS,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages"):
            for message in messages:
                yield DeadLetter.received(queue, message)

    def _record(self, letter: DeadLetter, by: str, resolution: str) -> None:
        self.records.resolve(
            ParkedMessage(
                parked_id=letter.parked_id,
                studio_id=letter.studio_id(),
                queue=self._dlq_url(letter).rpartition("/")[2],
                reason=letter.reason,
                parked_at=rfc3339(letter.sent_at),
                resolved_at=rfc3339(utc_now()),
                resolved_by=by,
                resolution=resolution,
            )
        )

    def _remove(self, letter: DeadLetter) -> None:
        self.sqs.delete_message(QueueUrl=self._dlq_url(letter), ReceiptHandle=letter.receipt)
        self._removed.add(letter.receipt)

    def _dlq_url(self, letter: DeadLetter) -> str:
        return self.urls[f"{letter.queue}_dlq"]
