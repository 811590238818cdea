"""Measures how long putting a table back takes, by one worker and by several.

The local engine answers one call after the other on this machine's processor, so workers hardly
help there. In AWS a call mostly waits for the network. So the same is measured with a pause before
each call, as long as DynamoDB's answers take within a region.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.local.engine import Aws
from infra.local.stack import Stack
from infra.operate.restore.put_back import put_back
from infra.operate.workers import WORKERS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

ITEMS = 4_000
ITEM_BYTES = 500
PAUSE_SECONDS = 0.01


@dataclass(frozen=True)
class RestoreSpeed:
    """How long it takes to put a table back, in seconds for a million items.

    Attributes:
        case: What is put back.
        alone: By one worker.
        shared: By several.
    """

    case: str
    alone: float
    shared: float

    @property
    def ratio(self) -> float:
        """How many times as fast several workers are."""
        return self.alone / self.shared


def measure_restores(stack: Stack) -> list[RestoreSpeed]:
    """Put a table back that has nothing, and one that is right already, with and without pauses.

    Raises:
        AssertionError: The table was not put back.
    """
    resource = Aws(stack.aws.endpoint_url, stack.aws.region).dynamodb_resource
    with _table(resource) as copy:
        with resource.Table(copy).batch_writer() as writer:
            for number in range(ITEMS):
                key = {"PK": f"STUDIO#{number % 40}", "SK": f"{number:06d}"}
                writer.put_item(Item=key | {"text": "x" * ITEM_BYTES})
        found = _speed(resource, copy, "")
        resource.meta.client.meta.events.register("before-send.dynamodb", _pause)
        return found + _speed(resource, copy, ", with pauses")


def _speed(resource: "DynamoDBServiceResource", copy: str, how: str) -> list[RestoreSpeed]:
    cases = {f"every item is missing{how}": ITEMS, f"no item is missing{how}": 0}
    times: dict[str, list[float]] = {case: [] for case in cases}
    for workers in (1, WORKERS):
        with _table(resource) as table:
            for case, expected in cases.items():
                began = time.perf_counter()
                done = put_back(resource, copy, table, workers)
                times[case].append((time.perf_counter() - began) * 1_000_000 / ITEMS)
                assert done == {"put": expected, "deleted": 0}
    return [RestoreSpeed(case, *found) for case, found in times.items()]


@contextmanager
def _table(resource: "DynamoDBServiceResource") -> Iterator[str]:
    name = f"bench-{uuid.uuid4().hex[:8]}"
    table = resource.create_table(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": "PK", "AttributeType": "S"},
            {"AttributeName": "SK", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    try:
        yield name
    finally:
        table.delete()


def _pause(**_: object) -> None:
    time.sleep(PAUSE_SECONDS)
