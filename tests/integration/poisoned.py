"""A studio whose queues have messages that cannot be processed, and the functions' handlers."""

import json
import uuid
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from infra.operate.dead_letter_queues import DeadLetter, DeadLetters
from shared.domain.refund import Refund
from tests.integration.backend import Backend
from tests.lambda_context import LambdaContext

SETTINGS = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "ORDERS_TABLE": "replaced",
    "LEDGER_TABLE": "replaced",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "STRIPE_SECRET_ARN": "replaced",
    "STRIPE_LIVEMODE": "false",
    "ADJUST_DLQ_URL": "replaced",
    "FEE_REFUND_DLQ_URL": "replaced",
    "FEE_REFUND_QUEUE_URL": "replaced",
    "ADJUST_QUEUE_URL": "replaced",
    "CHARGE_DLQ_URL": "replaced",
    "POWERTOOLS_TRACE_DISABLED": "true",
}


@dataclass
class Poisoned:
    """A studio's backend with its handlers and dead-letter queues."""

    backend: Backend
    handlers: dict[str, ModuleType]
    dead: DeadLetters

    def put(self, queue: str, body: object) -> None:
        """Put a message on a queue, as the functions do."""
        self.backend.sqs.send_message(
            QueueUrl=self.dead.urls[queue],
            MessageBody=body if isinstance(body, str) else json.dumps(body),
            MessageGroupId=self.backend.studio_id,
            MessageDeduplicationId=uuid.uuid4().hex,
        )

    def work(self, queue: str, receives: int = 1) -> int:
        """Call the handler with the messages of a queue; return how many failed.

        Args:
            queue: The queue's name.
            receives: The receive count that the messages carry.
        """
        sqs, url, failed = self.backend.sqs, self.dead.urls[queue], 0
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages", []):
            answer = self.handlers[queue].lambda_handler(
                {"Records": [record(message, receives) for message in messages]}, LambdaContext()
            )
            again = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
            failed += len(again)
            for message in messages:
                if message["MessageId"] not in again:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return failed

    def parked(self) -> list[DeadLetter]:
        """Return the messages in the dead-letter queues."""
        with self.dead.held() as letters:
            return letters

    def redrive_all(self) -> list[DeadLetter]:
        with self.dead.held() as letters:
            for letter in letters:
                self.dead.redrive(letter, "op_1")
            return letters

    def fix_only(self, **changes: str) -> None:
        with self.dead.held() as (letter,):
            self.dead.fix(letter, changes)

    def settling(self, order_id: str) -> tuple[Refund, dict[str, str]]:
        """Make a refund that Stripe confirms; take its message off the queue and return both."""
        refund = self.backend.refund(order_id)
        self.backend.deliver()
        (message,) = self.backend.sqs.receive_message(QueueUrl=self.dead.urls["adjust"])["Messages"]
        self.backend.sqs.delete_message(
            QueueUrl=self.dead.urls["adjust"], ReceiptHandle=message["ReceiptHandle"]
        )
        return refund, json.loads(message["Body"])

    def refunds_in_ledger(self, order_id: str) -> int:
        entries = self.backend.entries()
        return sum(each["kind"] == "refund" and each["order_id"] == order_id for each in entries)


def record(message: Any, receives: int) -> dict[str, Any]:  # noqa: ANN401  # SQS's answer
    """Return a received message as Lambda passes it to the handler."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"] | {"ApproximateReceiveCount": str(receives)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue.fifo",
        "awsRegion": "us-east-1",
    }
