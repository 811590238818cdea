"""The queues between the functions. A message says only which record to look at."""

import hashlib
import json
from typing import TYPE_CHECKING

from shared.domain.fee_refund import FeeRefund
from shared.domain.refund import Refund

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


# What messages say, in the order of the queues below.
ADJUST_FIELDS = ("studio_id", "order_id", "refund_id", "correlation_id")
FEE_REFUND_FIELDS = ("studio_id", "order_id", "correlation_id")

# The attributes of a parked message.
PARKED_REASON = "parked_reason"
PARKED_ID = "parked_id"
PARKED_GROUP = "parked_group"


class AdjustQueue:
    """Where the ledger is told that a refund is owed a settlement. FIFO, a group per studio.

    Args:
        sqs: A client.
        url: The queue's URL.
    """

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def announce(self, refund: Refund) -> None:
        """Ask for the settlement the refund is owed; repeats are harmless.

        The deduplication id has the state in it: SQS swallows repeats for five minutes, and a
        failure that soon after the success is no repeat.
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


class FeeRefundQueue:
    """Where the application fee's refunds are asked for. FIFO, a group per order.

    Args:
        sqs: A client.
        url: The queue's URL.
    """

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def announce(self, fee_refund: FeeRefund) -> None:
        """Ask for the refund of the fee up to its target; repeats are harmless."""
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


class ParkedMessages:
    """A dead-letter queue, where a message that does not work is put with its reason.

    Args:
        sqs: A client.
        url: The dead-letter queue's URL.
    """

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._url.rpartition("/")[2]

    def park(  # what is known of the message
        self, body: str, message_id: str, reason: str, group: str | None, *, fixed: str = ""
    ) -> str:
        """Put a message aside, as it came, with what is known of it as attributes.

        Args:
            body: The message's body as received.
            message_id: Its id; parking it twice in five minutes leaves one.
            reason: Why it does not work; no personal data.
            group: Its message group, where its queue has groups.
            fixed: The id of the parked message that this one replaces.

        Returns:
            Its id in this queue.
        """
        # SQS refuses control characters, and a reason may quote the ids of a message made to harm.
        said = json.dumps(reason)[1:-1][:200]
        known = {PARKED_REASON: said, PARKED_ID: message_id, PARKED_GROUP: group or ""}
        once = f"{message_id}{fixed}"
        fifo: dict[str, str] = {}
        if self._url.endswith(".fifo"):
            # A group of its own: whoever looks at one parked message must not hide the others.
            fifo = {"MessageGroupId": message_id, "MessageDeduplicationId": once}
        sent = self._sqs.send_message(
            QueueUrl=self._url,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in known.items()
                if value
            },
            **fifo,  # type: ignore[arg-type]  # two of its own
        )
        return sent["MessageId"]
