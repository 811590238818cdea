"""Messages to parents, in OrdersTable beside their orders."""

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.message import Message
from shared.gateways import items
from shared.gateways.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Messages:
    """What was written to parents, and what became of it.

    Args:
        dynamodb: A low-level client.
        name: OrdersTable's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._table = Table(dynamodb, name)

    def get(self, order_id: str, message_id: str) -> Message | None:
        """Read a message about an order, consistently, or None."""
        values = self._table.get(items.order_pk(order_id), items.message_sk(message_id))
        return items.message_from_values(values) if values else None

    def record_sending(self, message: Message) -> None:
        """Write a message down before it is sent.

        Raises:
            StaleStateError: It is there already: it was sent, or is being sent.
        """
        self._table.write(self._table.new(items.message_to_item(message)))

    def record_outcome(self, message: Message) -> Message:
        """Record what became of a message, and return it as stored.

        Raises:
            StaleStateError: It has changed.
        """
        stored = replace(message, version=message.version + 1)
        self._table.write(self._table.replacing(items.message_to_item(stored), message.version))
        return stored
