"""A DynamoDB table: reads by key, and writes under conditions.

Every write has a condition. If two writers race, one wins. The other gets ``StaleStateError``,
reads again and decides again:

    read (version 7) ──────────────► put if version = 7 ✔ (now 8)
        read (version 7) ──────────────► put if version = 7 ✘ StaleStateError
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from shared.gateways.conflict import StaleStateError, stale_on_conflict, tries
from shared.gateways.records.attributes import Item, Values, item_bytes, marshal, unmarshal
from shared.gateways.records.keys import primary_key
from shared.gateways.records.schema import with_schema, without_schema

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Step = TransactWriteItemTypeDef

# The conditions of all writes. ``:seen`` is the value that the writer has read.
NOT_THERE_YET = "attribute_not_exists(PK)"
ALREADY_THERE = "attribute_exists(PK)"
VERSION_UNCHANGED = "version = :seen"
HEAD_UNMOVED = "seq = :seen"
STILL_DUE = "open_due = :seen"
CURRENCY_UNCHANGED = "currency = :seen"
NAME_UNCHANGED = "display_name = :seen"

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
KEYS_PER_BATCH = 100

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_ITEMS_PER_TRANSACTION = 100
_BYTES_PER_TRANSACTION = 4 * 1024 * 1024

# How long to ask again for what a batch left out. DynamoDB leaves keys out while it throttles.
_BATCH_SECONDS = 5.0


def fits_a_transaction(steps: "Sequence[Step]") -> bool:
    """Return whether one transaction may make all these steps."""
    size = sum(item_bytes(step["Put"]["Item"]) for step in steps)
    return len(steps) <= _ITEMS_PER_TRANSACTION and size <= _BYTES_PER_TRANSACTION


class Table:
    """One table.

    Args:
        dynamodb: A low-level client.
        name: The table's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    # Reads

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Values | None:
        """Return an item's values, or None.

        A read that is not consistent costs half, and may miss the last moment's writes.
        """
        answer = self._dynamodb.get_item(
            TableName=self._name, Key=primary_key(pk, sk), ConsistentRead=consistent
        )
        return _values_of(answer["Item"]) if "Item" in answer else None

    def query(
        self,
        condition: str,
        values: Mapping[str, str],
        **options: Any,  # noqa: ANN401  # parameters of a Query
    ) -> Iterator[Values]:
        """Yield all items that a key condition finds. Each page is read when it is needed."""
        while True:
            found, last = self.page(condition, values, **options)
            yield from found
            if last is None:
                return
            options["ExclusiveStartKey"] = last

    def page(
        self,
        condition: str,
        values: Mapping[str, str],
        **options: Any,  # noqa: ANN401  # parameters of a Query
    ) -> tuple[Iterator[Values], Item | None]:
        """Return one page of the items that a key condition finds.

        Returns:
            The items, and the key to start the next page after, or None on the last page.
        """
        answer = self._dynamodb.query(
            TableName=self._name,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=marshal(values),
            **options,
        )
        return map(_values_of, answer["Items"]), answer.get("LastEvaluatedKey")

    def count(
        self,
        condition: str,
        values: Mapping[str, str],
        **options: Any,  # noqa: ANN401  # parameters of a Query
    ) -> int:
        """Return how many items a key condition finds."""
        found = 0
        while True:
            answer = self._dynamodb.query(
                TableName=self._name,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=marshal(values),
                Select="COUNT",
                **options,
            )
            found += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                return found
            options["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def scan(
        self,
        condition: str,
        values: Mapping[str, str],
        segment: int,
        segments: int,
    ) -> Iterator[Values]:
        """Yield the items of one segment of the whole table that a condition filters.

        It costs what the segment has, whatever the filter leaves. Functions never scan.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
        """
        options: dict[str, Any] = {}
        while True:
            answer = self._dynamodb.scan(
                TableName=self._name,
                FilterExpression=condition,
                ExpressionAttributeValues=marshal(values),
                ConsistentRead=True,
                Segment=segment,
                TotalSegments=segments,
                **options,
            )
            yield from map(_values_of, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            options["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def batch_get(self, keys: Iterable[Item], *, consistent: bool) -> Iterator[Values]:
        """Yield the items that exist among some keys, in any order.

        Raises:
            StaleStateError: DynamoDB keeps throttling, and some keys were not read.
        """
        for batch in batched(keys, KEYS_PER_BATCH, strict=False):
            request = {"Keys": list(batch), "ConsistentRead": consistent}
            yield from map(_values_of, self._read_batch({self._name: request}))

    def _read_batch(self, request: Any) -> list[Item]:  # noqa: ANN401  # parameters of a BatchGetItem
        """Return the items of a batch. What DynamoDB leaves out is asked for again after a pause.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
        """
        found: list[Item] = []
        for _ in tries(_BATCH_SECONDS):
            with stale_on_conflict():
                answer = self._dynamodb.batch_get_item(RequestItems=request)
            found += answer["Responses"].get(self._name, [])
            request = answer.get("UnprocessedKeys")
            if not request:
                return found
        raise StaleStateError

    # Writes: first the steps, then one call that makes them

    def new(self, item: Item) -> "Step":
        """Return the step that puts an item if it does not exist yet."""
        return self.new_entry(with_schema(item))

    def new_entry(self, item: Item) -> "Step":
        """Return the step that puts a ledger's entry, exactly as it is hashed."""
        return {
            "Put": {
                "TableName": self._name,
                "Item": item,
                "ConditionExpression": NOT_THERE_YET,
            }
        }

    def existing(self, item: Item) -> "Step":
        """Return the step that replaces an item which another step of the write guards."""
        return {
            "Put": {
                "TableName": self._name,
                "Item": with_schema(item),
                "ConditionExpression": ALREADY_THERE,
            }
        }

    def unchanged(self, item: Item, *attributes: str) -> "Step":
        """Return the step that guards a write: an item still has these attributes as they are."""
        return {
            "ConditionCheck": {
                "TableName": self._name,
                "Key": {name: item[name] for name in ("PK", "SK")},
                "ConditionExpression": " AND ".join(f"{name} = :{name}" for name in attributes),
                "ExpressionAttributeValues": {f":{name}": item[name] for name in attributes},
            }
        }

    def guarded(self, item: Item) -> "Step":
        """Return the step that puts an item, new or not, which another step guards."""
        return {"Put": {"TableName": self._name, "Item": with_schema(item)}}

    def removal(self, pk: str, sk: str) -> "Step":
        """Return the step that deletes an item, there or not, which another step guards."""
        return {"Delete": {"TableName": self._name, "Key": primary_key(pk, sk)}}

    def replacing(self, item: Item, version: int) -> "Step":
        """Return the step that puts an item if its version is still the one that was read."""
        return self.when(VERSION_UNCHANGED, version, item)

    def when(self, condition: str, seen: str | int, item: Item) -> "Step":
        """Return the step that puts an item if the value that was read is still the same."""
        return {
            "Put": {
                "TableName": self._name,
                "Item": with_schema(item),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": marshal({":seen": seen}),
            }
        }

    def write(self, *steps: "Step") -> None:
        """Make all the steps or none. They may be for this table and others.

        Raises:
            StaleStateError: A step's condition is not true any more, or another write was under
                way.
        """
        with stale_on_conflict():
            if len(steps) == 1:
                # A single put costs half as much as a put in a transaction.
                self._dynamodb.put_item(**steps[0]["Put"])
            else:
                self._dynamodb.transact_write_items(TransactItems=steps)


def _values_of(item: Item) -> Values:
    return without_schema(unmarshal(item))


class TableGateway:
    """The base of all gateways to one table.

    Args:
        dynamodb: A low-level client.
        name: The table's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._table = Table(dynamodb, name)
