"""The record of each erasure, without names, in a table that no restore touches.

It says that an order's people or a studio's user were erased, so that a restore erases them again.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.order import OrderKey
from shared.gateways.conflict import StaleStateError
from shared.gateways.records.attributes import Item, Values, marshal, unmarshal
from shared.gateways.records.keys import order_key_of, order_pk, primary_key, studio_pk
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SK = "ERASURE"
_USER = "USER"
_FIELDS = ("by", "why", "chosen_by", "started_at", "finished_at")


@dataclass(frozen=True, slots=True)
class UserKey:
    """What identifies a studio's user, also after they are erased."""

    studio_id: str
    user_id: str


# An order, whose people are erased, or a user.
type Whom = OrderKey | UserKey


@dataclass(frozen=True, slots=True)
class Erasure:
    """That somebody was erased: who did it, why, and how they were chosen.

    ``finished_at`` is None while it is under way. Times are RFC 3339 in UTC.
    """

    whom: Whom
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

    def begin(self, erasure: Erasure) -> Erasure:
        """Record that an erasure begins, unless it is recorded, and return its record.

        The first record of an order stays. A user who came back and is erased again has another.
        """
        found = self._table.query("PK = :pk", {":pk": _pk(erasure.whom)}, ConsistentRead=True)
        for known in map(_from_values, found):
            if known.finished_at is None or isinstance(known.whom, OrderKey):
                return known
        with suppress(StaleStateError):  # another operator began it at the same time
            self._table.write(self._table.new(_item(erasure)))
        return erasure

    def finish(self, erasure: Erasure, at: str) -> None:
        """Record that nothing is left of whom it erased."""
        self._dynamodb.update_item(
            TableName=self._name,
            Key=_key(erasure),
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
            yield from map(_from_values, map(unmarshal, page["Items"]))


def _pk(whom: Whom) -> str:
    if isinstance(whom, OrderKey):
        return order_pk(whom)
    return f"{studio_pk(whom.studio_id)}#{_USER}#{whom.user_id}"


def _key(erasure: Erasure) -> Item:
    is_order = isinstance(erasure.whom, OrderKey)
    return primary_key(_pk(erasure.whom), _SK if is_order else f"{_SK}#{erasure.started_at}")


def _item(erasure: Erasure) -> Item:
    return _key(erasure) | marshal({name: getattr(erasure, name) for name in _FIELDS})


def _from_values(values: Values) -> Erasure:
    _, studio_id, kind, name = values["PK"].split("#", 3)
    whom = UserKey(studio_id, name) if kind == _USER else order_key_of(values["PK"])
    known: Values = {each: values.get(each) for each in _FIELDS}
    return Erasure(whom, **known)
