"""Messages to parents, in OrdersTable beside their orders."""

from dataclasses import replace

from shared.domain.message import Message
from shared.domain.order import OrderKey
from shared.gateways.records.keys import MESSAGE_PREFIX, message_sk, order_pk
from shared.gateways.records.message import message_from_values, message_to_item
from shared.gateways.table import TableGateway


class Messages(TableGateway):
    """The messages to parents, with their outcomes."""

    def get(self, order: OrderKey, message_id: str) -> Message | None:
        """Return a message about an order, or None. The read is consistent."""
        values = self._table.get(order_pk(order), message_sk(message_id))
        return message_from_values(values) if values else None

    def about(self, order: OrderKey) -> list[Message]:
        """Return all messages about an order, in no order. The read is consistent."""
        keys = {":pk": order_pk(order), ":prefix": MESSAGE_PREFIX}
        condition = "PK = :pk AND begins_with(SK, :prefix)"
        found = self._table.query(condition, keys, ConsistentRead=True)
        return [message_from_values(values) for values in found]

    def record_sending(self, message: Message) -> None:
        """Record a message before it is sent.

        Raises:
            StaleStateError: It is already recorded, so it was sent or is being sent.
        """
        self._table.write(self._table.new(message_to_item(message)))

    def record_outcome(self, message: Message) -> Message:
        """Record what is new about a message, and return it as stored.

        Raises:
            StaleStateError: Another writer has changed it.
        """
        stored = replace(message, version=message.version + 1)
        self._table.write(self._table.replacing(message_to_item(stored), message.version))
        return stored
