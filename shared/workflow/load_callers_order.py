"""An order, for somebody of its studio."""

from shared.domain.errors import OrderNotFoundError
from shared.edge.auth import Caller
from shared.gateways.orders_table import OrderRecord, OrdersTable

NO_SUCH_ORDER = "There is no such order in your studio."


def load_callers_order(orders: OrdersTable, caller: Caller, order_id: str) -> OrderRecord:
    """Read an order of the caller's studio.

    Raises:
        OrderNotFoundError: There is none, or it is another studio's: one answer for both.
    """
    record = orders.load_order(order_id)
    if record is None or record.order.studio_id != caller.studio_id:
        raise OrderNotFoundError(NO_SUCH_ORDER)
    return record
