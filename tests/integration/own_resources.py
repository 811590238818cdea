"""Tables and queues of a test's own, like the deployed ones."""

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient


def copy_table(dynamodb: "DynamoDBClient", table: str, suffix: str) -> str:
    """Create an empty table with a deployed table's keys and indexes; return its name."""
    deployed = dynamodb.describe_table(TableName=table)["Table"]
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
