"""Loads an order of the caller's studio."""

from shared.domain.errors import OrderNotFoundError
from shared.domain.order import OrderKey
from shared.edge.auth import Caller
from shared.gateways.orders_table import OrderRecord, OrdersTable


def load_callers_order(orders: OrdersTable, caller: Caller, order_id: str) -> OrderRecord:
    """Return an order of the caller's studio.

    Raises:
        OrderNotFoundError: The caller's studio has no such order.
    """
    record = orders.load_order(OrderKey(caller.studio_id, order_id))
    if record is None:
        raise OrderNotFoundError
    return record
