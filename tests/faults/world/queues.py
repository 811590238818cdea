"""The queues, and Lambda's pollers that hand their messages to functions."""

from collections import Counter
from contextlib import suppress
from typing import Any

from tests.faults.one_process import template
from tests.faults.one_process.in_process_engine import EngineRefusedError, InProcessEngine
from tests.faults.world.functions import FunctionRuntime

_VISIBLE = "ApproximateNumberOfMessages"
_IN_FLIGHT = "ApproximateNumberOfMessagesNotVisible"

# The workers count an unexpected error under these names.
_UNEXPECTED_ERRORS = {
    *("PayoutRunFailed", "ResumeFailed", "LedgerAnchorFailed", "AnchorMismatch"),
    *("AccountReconcileDeferred", "AccountReconcileFailed"),
}


class Queues:
    """The queues that functions read.

    Attributes:
        outcomes: What functions said of the messages that they processed, and how often.
    """

    def __init__(self, engine: InProcessEngine, functions: FunctionRuntime) -> None:
        self.outcomes: Counter[str] = Counter()
        self._engine = engine
        self._functions = functions

    def process_batch(self, function: str, *, delete: bool = True, most: int = 10) -> int:
        """Let a function process one batch of its queue, and return how many messages it had.

        Args:
            function: The function's name.
            delete: Whether processed messages are deleted; if not, they are delivered again.
            most: How many messages at most.
        """
        url = self._engine.queue_url(template.queue_readers()[function])
        received = self._engine.sqs(
            "ReceiveMessage",
            QueueUrl=url,
            MaxNumberOfMessages=most,
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        if received:
            records = [_record(each) for each in received]
            answer = self._functions.invoke(function, {"Records": records})
            for outcome, times in (answer or {}).get("done", {}).items():
                self.outcomes[outcome] += times
                if outcome in _UNEXPECTED_ERRORS:
                    self._functions.report_error(function, outcome)
            if answer is not None and delete:
                failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
                self._delete(url, [each for each in received if each["MessageId"] not in failed])
        return len(received)

    def peek(self, function: str) -> dict[str, Any]:
        """Return the event of a function for one message of its queue, which stays there."""
        url = self._engine.queue_url(template.queue_readers()[function])
        (message,) = self._engine.sqs(
            "ReceiveMessage",
            QueueUrl=url,
            MaxNumberOfMessages=1,
            VisibilityTimeout=0,
            MessageSystemAttributeNames=["All"],
        )["Messages"]
        return {"Records": [_record(message)]}

    def process_all(self) -> None:
        """Let functions process their queues until no message is visible."""
        while sum(self.process_batch(function) for function in template.queue_readers()):
            pass

    def has_visible(self, queue: str) -> bool:
        """Return whether a queue has messages that a poller would receive now."""
        return self._count(queue, _VISIBLE) > 0

    def are_empty(self) -> bool:
        """Return whether no queue has messages, visible or in flight."""
        return not any(
            self._count(queue, _VISIBLE, _IN_FLIGHT) for queue in template.queue_readers().values()
        )

    def lose_messages(self, queue: str) -> None:
        """Remove all messages of a queue."""
        self._engine.sqs("PurgeQueue", QueueUrl=self._engine.queue_url(queue))

    def _delete(self, url: str, messages: list[dict[str, Any]]) -> None:
        for each in messages:
            # The engine refuses a receipt once another poller has received the message.
            with suppress(EngineRefusedError):
                self._engine.sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])

    def _count(self, queue: str, *kinds: str) -> int:
        answer = self._engine.sqs(
            "GetQueueAttributes", QueueUrl=self._engine.queue_url(queue), AttributeNames=kinds
        )
        return sum(int(answer["Attributes"][kind]) for kind in kinds)


def _record(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message in the form that Lambda passes on."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
        "awsRegion": "us-east-1",
    }
