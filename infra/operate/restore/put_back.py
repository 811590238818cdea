"""Copies the differences between a restored copy and a table into the table.

So the table keeps its name, its settings and its own past. Nothing else may write meanwhile. Each
batch compares first, so doing it again after an interruption writes only what is still different.
"""

from collections import Counter
from collections.abc import Generator, Iterator
from itertools import batched
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.table import BatchWriter

from infra.operate.workers import WorkersPace, in_segments
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.records.keys import PLATFORM_PK

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

type Key = tuple[str, str]
type Item = dict[str, Any]

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_KEYS_PER_BATCH = 100
# How long to ask again for what a batch left out.
_BATCH_SECONDS = 60.0

# What operators stopped stays stopped: it may be because of what is restored.
_KEPT = {PLATFORM_PK}


class _Tables:
    """Reads and writes tables in batches. Workers share it: a client is safe in threads."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", segments: int) -> None:
        # The resource's own client: it has Python values instead of typed attributes.
        self._client: Any = dynamodb.meta.client
        self._segments = segments

    def batches(self, table: str, segment: int, **options: Any) -> Iterator[tuple[Item, ...]]:  # noqa: ANN401  # parameters of a Scan
        """Read the batches of one segment of a table, consistently."""
        return batched(self._items(table, segment, options), _KEYS_PER_BATCH, strict=False)

    def _items(self, table: str, segment: int, options: dict[str, Any]) -> Iterator[Item]:
        while True:
            page = self._client.scan(
                TableName=table,
                ConsistentRead=True,
                Segment=segment,
                TotalSegments=self._segments,
                **options,
            )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            options["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def get(self, table: str, keys: list[Key]) -> dict[Key, Item]:
        """Read the items that exist among some keys, consistently."""
        wanted = [{"PK": pk, "SK": sk} for pk, sk in keys]
        request: Any = {table: {"Keys": wanted, "ConsistentRead": True}}
        found: dict[Key, Item] = {}
        for _ in tries(_BATCH_SECONDS):
            answer = self._client.batch_get_item(RequestItems=request)
            found |= {key_of(item): item for item in answer["Responses"].get(table, [])}
            request = answer.get("UnprocessedKeys")
            if not request:
                return found
        raise StaleStateError

    def writer(self, table: str) -> BatchWriter:
        """Return a writer for one worker."""
        return BatchWriter(table, self._client)


def put_back(
    dynamodb: "DynamoDBServiceResource",
    copy: str,
    table: str,
    segments: int = 1,
    pace: WorkersPace | None = None,
) -> dict[str, int]:
    """Make a table equal to another, and return how many items were ``put`` and ``deleted``.

    Operators' stops stay as they are.

    Args:
        dynamodb: A resource.
        copy: The restored table's name.
        table: The name of the table that becomes like it.
        segments: How many workers share each table.
        pace: Counts the items of both tables as they are compared.
    """
    tables, pace = _Tables(dynamodb, segments), pace or WorkersPace()

    def put(segment: int) -> Generator[Counter[str]]:
        with tables.writer(table) as writer:
            for batch in tables.batches(copy, segment):
                there = tables.get(table, [key_of(item) for item in batch])
                missing = [item for item in batch if there.get(key_of(item)) != item]
                yield _write(missing, writer.put_item, "put")
                pace.count(len(batch))

    def delete(segment: int) -> Generator[Counter[str]]:
        with tables.writer(table) as writer:
            for batch in tables.batches(table, segment, ProjectionExpression="PK, SK"):
                there = tables.get(copy, [key_of(item) for item in batch])
                surplus = [item for item in batch if key_of(item) not in there]
                yield _write(surplus, writer.delete_item, "deleted")
                pace.count(len(batch))

    done = in_segments(segments, put) + in_segments(segments, delete)
    return {each: done[each] for each in ("put", "deleted")}


def add_missing(dynamodb: "DynamoDBServiceResource", copy: str, table: str, segments: int) -> int:
    """Put the items of a copy that a table lacks, change no other, and return how many."""
    tables = _Tables(dynamodb, segments)

    def add(segment: int) -> Generator[Counter[str]]:
        with tables.writer(table) as writer:
            for batch in tables.batches(copy, segment):
                there = tables.get(table, [key_of(item) for item in batch])
                missing = [item for item in batch if key_of(item) not in there]
                yield _write(missing, writer.put_item, "put")

    return in_segments(segments, add)["put"]


def _write(items: list[Item], write: Any, what: str) -> Counter[str]:  # noqa: ANN401  # a writer's method
    chosen = [item for item in items if item["PK"] not in _KEPT]
    for item in chosen:
        write(item)
    return Counter({what: len(chosen)})


def key_of(item: Item) -> Key:
    """Return an item's key."""
    return str(item["PK"]), str(item["SK"])
