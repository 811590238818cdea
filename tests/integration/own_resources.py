"""Tables and queues of a test's own, like the deployed ones."""

import functools
import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef
    from mypy_boto3_sqs import SQSClient


def copy_table(dynamodb: "DynamoDBClient", table: str, suffix: str) -> str:
    """Create an empty table with a deployed table's keys and indexes; return its name."""
    deployed = _described(dynamodb, table)
    name = f"{table}-{suffix}"
    indexes: Any = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in deployed.get("GlobalSecondaryIndexes", [])
    ]
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=deployed["AttributeDefinitions"],
        KeySchema=deployed["KeySchema"],
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    )
    return name


@functools.cache
def _described(dynamodb: "DynamoDBClient", table: str) -> "TableDescriptionTypeDef":
    """Return a deployed table's description, which does not change while tests run."""
    return dynamodb.describe_table(TableName=table)["Table"]


def make_queue(sqs: "SQSClient", name: str, *, fifo: bool = True) -> str:
    """Create a queue with the deployed settings and a name that begins so; return its URL."""
    of_fifo: Any = {
        "FifoQueue": "true",
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
    }
    queue = sqs.create_queue(
        QueueName=f"{name}-{uuid.uuid4().hex[:8]}{'.fifo' if fifo else ''}",
        Attributes={"VisibilityTimeout": "1", **(of_fifo if fifo else {})},
    )
    return queue["QueueUrl"]


def drain(sqs: "SQSClient", url: str, handle: Callable[[dict[str, str]], None]) -> int:
    """Handle and delete all messages of a queue; return how many there were."""
    handled = 0
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            handle(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            handled += 1
    return handled
