"""Puts tables back to an earlier time. The tables keep their names.

DynamoDB restores a point in time into new tables only. So we copy the differences from there into
the tables themselves: no reference to the tables changes, and their own past stays restorable.
Nothing else may write meanwhile. After an interruption, doing it again completes the copy.
"""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from infra.operate.ledger_verification import studios_of, verify_studio
from shared.domain.ledger import ORDER_KINDS, EntryKind
from shared.domain.order import OrderKey
from shared.domain.refund import Refund
from shared.gateways.adjustments import Adjustments
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.ledger_entries import read_contents
from shared.gateways.orders_table import OrdersTable
from shared.gateways.records.keys import PLATFORM_PK

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient, DynamoDBServiceResource

type Key = tuple[str, str]

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_KEYS_PER_BATCH = 100
# How long to ask again for what a batch left out.
_BATCH_SECONDS = 60.0

# What operators stopped stays stopped: it may be because of what is restored.
_KEPT = {PLATFORM_PK}

# More entries than a studio's ledger gets in a second. Older entries cannot be torn.
_LAST_ENTRIES = 100


def restore_to(dynamodb: "DynamoDBClient", table: str, at: datetime, into: str) -> None:
    """Begin to restore a table's earlier state into a new table, unless that exists.

    Args:
        dynamodb: A client.
        table: The damaged table, with point-in-time recovery.
        at: The time to go back to, with a time zone. DynamoDB counts in seconds.
        into: The new table's name.
    """
    with suppress(dynamodb.exceptions.TableAlreadyExistsException):
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=table, TargetTableName=into, RestoreDateTime=at
        )


def wait_until_restored(dynamodb: "DynamoDBClient", table: str) -> None:
    """Wait until a table is restored. That may take hours."""
    dynamodb.get_waiter("table_exists").wait(
        TableName=table, WaiterConfig={"Delay": 20, "MaxAttempts": 2000}
    )


def torn(dynamodb: "DynamoDBClient", orders_table: str, ledger_table: str) -> list[str]:
    """Return where two restored tables do not agree, in words.

    DynamoDB restores each table by itself. A transaction of that very second may be in one table
    and not in the other.
    """
    orders = OrdersTable(dynamodb, orders_table)
    adjustments = Adjustments(dynamodb, orders_table)
    found = []
    for studio_id in studios_of(dynamodb, ledger_table):
        problem = verify_studio(dynamodb, orders_table, ledger_table, studio_id).problem
        if problem is not None:
            found.append(f"{studio_id}: {problem}")
            continue
        for entry in deque(read_contents(dynamodb, ledger_table, studio_id), _LAST_ENTRIES):
            if entry["kind"] in ORDER_KINDS and "refund_id" in entry:
                order = OrderKey(studio_id, str(entry["order_id"]))
                refund = orders.get_refund(order, str(entry["refund_id"]))
                if not _knows(refund, int(entry["seq"])):
                    found.append(f"{studio_id}: entry {entry['seq']} has no refund that is so far")
            elif entry["kind"] == EntryKind.ADJUSTMENT:
                # One that still waits could be approved, and entered, a second time.
                adjustment = adjustments.get(studio_id, str(entry["adjustment_id"]))
                if adjustment is None or adjustment.entry_seq != entry["seq"]:
                    found.append(f"{studio_id}: entry {entry['seq']} has no approved adjustment")
    return found


def _knows(refund: Refund | None, seq: int) -> bool:
    return refund is not None and seq in {refund.settled_seq, refund.failed_seq}


def put_back(dynamodb: "DynamoDBServiceResource", copy: str, table: str) -> Counter[str]:
    """Make a table equal to another, and return how many items were put and deleted.

    Operators' stops stay as they are.
    """
    source, target = dynamodb.Table(copy), dynamodb.Table(table)
    done: Counter[str] = Counter({"put": 0, "deleted": 0})
    with target.batch_writer() as writer:
        for batch in batched(_scan(source), _KEYS_PER_BATCH, strict=False):
            present = _read(dynamodb, table, [_key(item) for item in batch])
            for item in batch:
                if item["PK"] not in _KEPT and present.get(_key(item)) != item:
                    writer.put_item(Item=item)
                    done["put"] += 1
        only_keys = {"ProjectionExpression": "PK, SK"}
        for batch in batched(_scan(target, **only_keys), _KEYS_PER_BATCH, strict=False):
            copied = _read(dynamodb, copy, [_key(item) for item in batch])
            for item in batch:
                if item["PK"] not in _KEPT and _key(item) not in copied:
                    writer.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})
                    done["deleted"] += 1
    return done


def _scan(table: Any, **options: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  # a boto3 table, parameters of a Scan
    while True:
        page = table.scan(ConsistentRead=True, **options)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        options["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _read(
    dynamodb: "DynamoDBServiceResource", table: str, keys: list[Key]
) -> dict[Key, dict[str, Any]]:
    request: Any = {
        table: {"Keys": [{"PK": pk, "SK": sk} for pk, sk in keys], "ConsistentRead": True}
    }
    found: dict[Key, dict[str, Any]] = {}
    for _ in tries(_BATCH_SECONDS):
        answer = dynamodb.batch_get_item(RequestItems=request)
        found |= {_key(item): item for item in answer["Responses"].get(table, [])}
        request = answer.get("UnprocessedKeys")
        if not request:
            return found
    raise StaleStateError


def _key(item: Any) -> Key:  # noqa: ANN401  # an item
    return str(item["PK"]), str(item["SK"])
