"""Messages to parents, in OrdersTable beside their orders."""

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.message import Message
from shared.gateways import items
from shared.gateways.conflict import stale_on_conflict
from shared.gateways.orders_table import NOT_THERE_YET, VERSION_UNCHANGED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Messages:
    """What was written to parents, and what became of it.

    Args:
        dynamodb: A low-level client.
        name: OrdersTable's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def get(self, order_id: str, message_id: str) -> Message | None:
        """Read a message about an order, consistently, or None."""
        answer = self._dynamodb.get_item(
            TableName=self._name,
            Key=items.key(items.order_pk(order_id), items.message_sk(message_id)),
            ConsistentRead=True,
        )
        return (
            items.message_from_values(items.unmarshal(answer["Item"])) if "Item" in answer else None
        )

    def record_sending(self, message: Message) -> None:
        """Write a message down before it is sent.

        Raises:
            StaleStateError: It is there already: it was sent, or is being sent.
        """
        with stale_on_conflict():
            self._dynamodb.put_item(
                TableName=self._name,
                Item=items.message_to_item(message),
                ConditionExpression=NOT_THERE_YET,
            )

    def record_outcome(self, message: Message) -> Message:
        """Record what became of a message, and return it as stored.

        Raises:
            StaleStateError: It has changed.
        """
        stored = replace(message, version=message.version + 1)
        with stale_on_conflict():
            self._dynamodb.put_item(
                TableName=self._name,
                Item=items.message_to_item(stored),
                ConditionExpression=VERSION_UNCHANGED,
                ExpressionAttributeValues={":seen": {"N": str(message.version)}},
            )
        return stored
