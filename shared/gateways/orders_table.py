"""Orders with their refunds, in OrdersTable."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.imported_order import ImportedOrder
from shared.domain.order import Order, OrderKey, OrderState
from shared.domain.refund import Refund
from shared.gateways.order_refunds import OrderRefunds
from shared.gateways.records.imported_order import imported_order_from_values
from shared.gateways.records.keys import ORDER_SK, REFUND_PREFIX, STATE_SK
from shared.gateways.records.order_state import state_from_values
from shared.gateways.records.refund import refund_from_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.gateways.records.attributes import Values


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order with its refunds, by refund id."""

    imported: ImportedOrder
    state: OrderState
    refunds: dict[str, Refund]

    @property
    def order(self) -> Order:
        """The order as refunds see it: its money and its charge."""
        return self.imported.order


class OrdersTable(OrderRefunds):
    """Orders and refunds, and the transactions that write them together."""

    def load_order(self, order: OrderKey) -> OrderRecord | None:
        """Read an order with its state and refunds, consistently, or None."""
        return order_record_from(self._between(order, ORDER_SK, STATE_SK))


def order_record_from(collection: "Iterable[Values]") -> OrderRecord | None:
    """Return the order of an item collection, or None if it is missing or was erased."""
    imported = state = None
    refunds = {}
    for values in collection:
        sk = values["SK"]
        if sk == ORDER_SK:
            imported = imported_order_from_values(values)
        elif sk == STATE_SK:
            state = state_from_values(values)
        elif sk.startswith(REFUND_PREFIX):
            refund = refund_from_values(values)
            refunds[refund.refund_id] = refund
    if imported is None or state is None:
        return None
    return OrderRecord(imported, state, refunds)
