"""Measures what calls to AWS and Stripe consume, from outside the product.

Botocore's own events ask DynamoDB for the consumed capacity and see each answer; the product
knows nothing of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.bench.capacity import item_size, read_units, write_units
from tests.local_http import HTTP

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
_TRANSACTION_FACTOR = 2

# Where a call's parameters wait in botocore's context for its answer.
_PARAMS = "tests.bench.params"


@dataclass(frozen=True)
class MeteredCall:
    """One call to DynamoDB.

    Attributes:
        operation: Such as ``PutItem``.
        units: The consumed units, by table or index.
        documented: What AWS's rules say: of writes for the tables alone, of reads for the table or
            index that was read.
        items: The sizes of the items written, by the form of their keys.
    """

    operation: str
    units: dict[str, float]
    documented: dict[str, float]
    items: dict[str, int]

    @property
    def writes(self) -> bool:
        """Whether its units are write units."""
        return self.operation in _WRITES

    @property
    def as_documented(self) -> bool:
        """Whether the units equal those that AWS documents, without writes to indexes."""
        return all(self.units.get(name) == units for name, units in self.documented.items())


@dataclass
class Consumption:
    """The consumption of a step.

    Attributes:
        dynamodb: Its calls to DynamoDB.
        sqs: Its calls to SQS, by operation.
        stripe: Its calls to Stripe, such as ``POST /v1/refunds``.
    """

    dynamodb: list[MeteredCall] = field(default_factory=list)
    sqs: list[str] = field(default_factory=list)
    stripe: list[str] = field(default_factory=list)

    @property
    def write_units(self) -> float:
        """All write units, indexes included."""
        return sum(sum(call.units.values()) for call in self.dynamodb if call.writes)

    @property
    def read_units(self) -> float:
        """All read units."""
        return sum(sum(call.units.values()) for call in self.dynamodb if not call.writes)

    @property
    def operations(self) -> list[str]:
        """The operations of DynamoDB, in order."""
        return [call.operation for call in self.dynamodb]

    @property
    def documented_read_units(self) -> float:
        """All read units, by AWS's rules: the local engine counts none of a BatchGetItem's."""
        return sum(sum(call.documented.values()) for call in self.dynamodb if not call.writes)

    @property
    def items(self) -> dict[str, int]:
        """The largest size of each kind of item written."""
        largest: dict[str, int] = {}
        for call in self.dynamodb:
            for kind, size in call.items.items():
                largest[kind] = max(size, largest.get(kind, 0))
        return largest


def total(parts: Iterable[Consumption]) -> Consumption:
    """Return the sum of several steps' consumption."""
    whole = Consumption()
    for part in parts:
        whole.dynamodb += part.dynamodb
        whole.sqs += part.sqs
        whole.stripe += part.stripe
    return whole


class Meter:
    """Watches clients and the stand-in.

    Args:
        dynamodb: The client that the product uses.
        sqs: The same.
        stripe_url: The stand-in's address.
        names: The tables' names in the report, by the beginning of their physical names.
    """

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        sqs: "SQSClient",
        stripe_url: str,
        names: Mapping[str, str],
    ) -> None:
        self._names = names
        self._requests_url = f"{stripe_url}/_standin/requests"
        self._current = Consumption()
        self._stripe_seen = 0
        dynamodb.meta.events.register("provide-client-params.dynamodb", self._ask)
        dynamodb.meta.events.register("after-call.dynamodb", self._note_dynamodb)
        sqs.meta.events.register("after-call.sqs", self._note_sqs)

    def start(self) -> None:
        """Reset the consumption."""
        self._current = Consumption()
        self._stripe_requests()

    def read(self) -> Consumption:
        """Return the consumption since the last call, and reset it."""
        done, self._current = self._current, Consumption()
        done.stripe = self._stripe_requests()
        return done

    def _stripe_requests(self) -> list[str]:
        answer = HTTP.get(self._requests_url, params={"since": self._stripe_seen})
        requests = answer.raise_for_status().json()["requests"]
        if requests:
            self._stripe_seen = requests[-1]["seq"]
        return [f"{each['method']} {each['path']}" for each in requests]

    def _ask(
        self,
        params: dict[str, Any],
        model: "OperationModel",
        context: dict[str, Any],
        **_: object,
    ) -> None:
        if model.input_shape and "ReturnConsumedCapacity" in model.input_shape.members:
            context[_PARAMS] = params
            params["ReturnConsumedCapacity"] = "INDEXES"

    def _note_dynamodb(
        self,
        parsed: dict[str, Any],
        model: "OperationModel",
        context: dict[str, Any],
        **_: object,
    ) -> None:
        params = context.get(_PARAMS)
        if params is None:
            return
        consumed = parsed.get("ConsumedCapacity", [])
        each_table = consumed if isinstance(consumed, list) else [consumed]
        units: dict[str, float] = {}
        for table in each_table:
            units |= self._units(table)
        self._current.dynamodb.append(
            MeteredCall(
                model.name,
                units,
                self._documented(model.name, params, parsed),
                {_kind(item): item_size(item) for _, item in _puts(params)},
            )
        )

    def _note_sqs(self, model: "OperationModel", **_: object) -> None:
        self._current.sqs.append(model.name)

    def _units(self, consumed: Mapping[str, Any]) -> dict[str, float]:
        indexes = {
            name: float(index["CapacityUnits"])
            for name, index in consumed.get("GlobalSecondaryIndexes", {}).items()
        }
        table = float(consumed["CapacityUnits"]) - sum(indexes.values())
        found = {self._name(consumed["TableName"]): table} if table else {}
        return found | indexes

    def _documented(
        self, operation: str, params: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> dict[str, float]:
        units: dict[str, float] = {}
        factor = _TRANSACTION_FACTOR if operation == "TransactWriteItems" else 1
        for table, item in _puts(params):
            name = self._name(table)
            units[name] = units.get(name, 0) + factor * write_units(item)
        if operation in {"GetItem", "Query"}:
            items = answer.get("Items") or [answer.get("Item", {})]
            size = sum(map(item_size, items))
            name = params.get("IndexName") or self._name(params["TableName"])
            units[name] = read_units(size, consistent=params.get("ConsistentRead", False))
        if operation == "BatchGetItem":
            for table, found in answer["Responses"].items():
                asked = params["RequestItems"][table]
                consistent = asked.get("ConsistentRead", False)
                absent = len(asked["Keys"]) - len(found)
                units[self._name(table)] = sum(
                    read_units(size, consistent=consistent)
                    for size in [*map(item_size, found), *[0] * absent]
                )
        return units

    def _name(self, table: str) -> str:
        return next(name for start, name in self._names.items() if table.startswith(start))


def _puts(params: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the items that a call puts, with their tables."""
    if "Item" in params:
        yield params["TableName"], params["Item"]
    for step in params.get("TransactItems", []):
        yield step["Put"]["TableName"], step["Put"]["Item"]


def _kind(item: Mapping[str, Any]) -> str:
    """Name an item by the form of its sort key: ``REFUND#…`` without what follows."""
    return str(item["SK"]["S"]).partition("#")[0]
