"""The record of each erasure, without names, in a table that no restore touches.

It says that an order was erased, so that a restore erases it again.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.order import OrderKey
from shared.gateways.conflict import StaleStateError
from shared.gateways.records.attributes import Item, Values, marshal, unmarshal
from shared.gateways.records.keys import order_key_of, order_pk, primary_key
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SK = "ERASURE"
_FIELDS = ("by", "why", "chosen_by", "started_at", "finished_at")


@dataclass(frozen=True, slots=True)
class Erasure:
    """That an order's people were erased: who did it, why, and how the order was chosen.

    ``finished_at`` is None while it is under way. Times are RFC 3339 in UTC.
    """

    order: OrderKey
    by: str
    why: str
    chosen_by: str
    started_at: str
    finished_at: str | None = None


class Erasures(TableGateway):
    """The records of erasures."""

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        super().__init__(dynamodb, name)
        self._dynamodb, self._name = dynamodb, name

    def begin(self, erasure: Erasure) -> None:
        """Record that an erasure begins. The first record of an order stays."""
        with suppress(StaleStateError):
            self._table.write(self._table.new(_item(erasure)))

    def finish(self, order: OrderKey, at: str) -> None:
        """Record that nothing is left of an order's people."""
        self._dynamodb.update_item(
            TableName=self._name,
            Key=primary_key(order_pk(order), _SK),
            UpdateExpression="SET finished_at = if_not_exists(finished_at, :at)",
            ExpressionAttributeValues=marshal({":at": at}),
            ConditionExpression="attribute_exists(PK)",
        )

    def all(self) -> Iterator[Erasure]:
        """Read all erasures, in no order."""
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._name, ConsistentRead=True
        )
        for page in pages:
            for item in page["Items"]:
                values = unmarshal(item)
                order = order_key_of(values["PK"])
                known: Values = {name: values.get(name) for name in _FIELDS}
                yield Erasure(order, **known)


def _item(erasure: Erasure) -> Item:
    values = {name: getattr(erasure, name) for name in _FIELDS}
    return primary_key(order_pk(erasure.order), _SK) | marshal(values)
