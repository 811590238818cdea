"""An order with all that people look at, in OrdersTable."""

from dataclasses import dataclass

from shared.domain.message import Message
from shared.domain.order import OrderKey
from shared.gateways.orders_table import OrderRecord, order_record_from
from shared.gateways.records.keys import MESSAGE_PREFIX, order_pk
from shared.gateways.records.message import message_from_values
from shared.gateways.table import TableGateway


@dataclass(frozen=True, slots=True)
class OrderPanel:
    """An order with its refunds, and the messages about it."""

    record: OrderRecord
    messages: list[Message]


class OrderPanels(TableGateway):
    """Reads an order's whole item collection. Only the panel needs the text of each mail."""

    def load(self, order: OrderKey) -> OrderPanel | None:
        """Read an order with its refunds and messages, consistently, in one Query, or None."""
        pk = {":pk": order_pk(order)}
        found = list(self._table.query("PK = :pk", pk, ConsistentRead=True))
        record = order_record_from(found)
        if record is None:
            return None
        messages = [
            message_from_values(values)
            for values in found
            if values["SK"].startswith(MESSAGE_PREFIX)
        ]
        return OrderPanel(record, messages)
