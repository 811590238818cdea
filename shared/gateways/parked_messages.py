"""What a studio's people are told of messages that were put aside, in OrdersTable."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.parked import ParkedMessage
from shared.gateways import items
from shared.gateways.conflict import StaleStateError, stale_on_conflict
from shared.gateways.orders_table import NOT_THERE_YET, VERSION_UNCHANGED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ParkedRecords:
    """The record of each parked message, beside its studio.

    Args:
        dynamodb: A low-level client.
        name: OrdersTable's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def add(self, parked: ParkedMessage) -> None:
        """Record a parked message; a repeat changes nothing."""
        with suppress(StaleStateError), stale_on_conflict():
            self._dynamodb.put_item(
                TableName=self._name,
                Item=items.parked_to_item(parked),
                ConditionExpression=NOT_THERE_YET,
            )

    def get(self, studio_id: str, parked_id: str) -> ParkedMessage | None:
        """Read a studio's parked message, consistently, or None."""
        answer = self._dynamodb.get_item(
            TableName=self._name,
            Key=items.key(items.studio_pk(studio_id), items.parked_sk(parked_id)),
            ConsistentRead=True,
        )
        if "Item" not in answer:
            return None
        return items.parked_from_values(items.unmarshal(answer["Item"]))

    def update(self, parked: ParkedMessage) -> None:
        """Record what became of it.

        Raises:
            StaleStateError: It has changed.
        """
        stored = replace(parked, version=parked.version + 1)
        with stale_on_conflict():
            self._dynamodb.put_item(
                TableName=self._name,
                Item=items.parked_to_item(stored),
                ConditionExpression=VERSION_UNCHANGED,
                ExpressionAttributeValues={":seen": {"N": str(parked.version)}},
            )
