"""Reading a DynamoDB table by its keys, and writing it under conditions.

Every write carries a condition, so that of two writers one wins and the other, told by
``StaleStateError``, reads again and decides again:

    read (version 7) ──────────────► put if version = 7 ✔ (now 8)
        read (version 7) ──────────────► put if version = 7 ✘ StaleStateError
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import batched
from typing import TYPE_CHECKING, Any

from shared.gateways.conflict import stale_on_conflict
from shared.gateways.records.attributes import Item, Values, marshal, unmarshal
from shared.gateways.records.keys import primary_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Step = TransactWriteItemTypeDef

# The conditions of all writes. ``:seen`` is what the writer read.
NOT_THERE_YET = "attribute_not_exists(PK)"
VERSION_UNCHANGED = "version = :seen"
HEAD_UNMOVED = "seq = :seen"
STILL_DUE = "open_due = :seen"
MATCHED_AS_SEEN = "matched_at = :seen"
CURRENCY_UNCHANGED = "currency = :seen"

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
KEYS_PER_BATCH = 100


class Table:
    """One table.

    Args:
        dynamodb: A low-level client.
        name: The table's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    # Reading.

    def get(self, pk: str, sk: str) -> Values | None:
        """Read an item, consistently, or None."""
        answer = self._dynamodb.get_item(
            TableName=self._name, Key=primary_key(pk, sk), ConsistentRead=True
        )
        return unmarshal(answer["Item"]) if "Item" in answer else None

    def query(
        self,
        condition: str,
        values: Mapping[str, str],
        **options: Any,  # noqa: ANN401  # parameters of a Query
    ) -> Iterator[Values]:
        """Read all that a key condition finds, page by page as they are asked for."""
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
        """Read one page of what a key condition finds.

        Returns:
            The items, and the key after which there may be more, or None.
        """
        answer = self._dynamodb.query(
            TableName=self._name,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=marshal(values),
            **options,
        )
        return map(unmarshal, answer["Items"]), answer.get("LastEvaluatedKey")

    def batch_get(self, keys: Iterable[Item], *, consistent: bool) -> Iterator[Values]:
        """Read items by their keys, in no order, those that are there."""
        for batch in batched(keys, KEYS_PER_BATCH, strict=False):
            asked: Any = {self._name: {"Keys": list(batch), "ConsistentRead": consistent}}
            while asked:
                answer = self._dynamodb.batch_get_item(RequestItems=asked)
                yield from map(unmarshal, answer["Responses"][self._name])
                asked = answer.get("UnprocessedKeys", {})

    # Writing: the steps, and the act.

    def new(self, item: Item) -> "Step":
        """Return the step that puts an item that is not there yet."""
        return {
            "Put": {
                "TableName": self._name,
                "Item": item,
                "ConditionExpression": NOT_THERE_YET,
            }
        }

    def replacing(self, item: Item, version: int) -> "Step":
        """Return the step that puts an item where it has the version that was read."""
        return self.when(VERSION_UNCHANGED, version, item)

    def when(self, condition: str, seen: str | int, item: Item) -> "Step":
        """Return the step that puts an item where what was seen still holds."""
        return {
            "Put": {
                "TableName": self._name,
                "Item": item,
                "ConditionExpression": condition,
                "ExpressionAttributeValues": marshal({":seen": seen}),
            }
        }

    def write(self, *steps: "Step") -> None:
        """Write all the steps or none, of this table and others.

        Raises:
            StaleStateError: A step's condition does not hold any more, or another write was under
                way.
        """
        with stale_on_conflict():
            if len(steps) == 1:
                # A put alone costs half of what it costs in a transaction.
                self._dynamodb.put_item(**steps[0]["Put"])
            else:
                self._dynamodb.transact_write_items(TransactItems=steps)


class TableGateway:
    """What all gateways to one table share.

    Args:
        dynamodb: A low-level client.
        name: The table's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._table = Table(dynamodb, name)
