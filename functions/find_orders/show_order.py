"""Showing one order, with all that has happened to it."""

from dataclasses import dataclass

from shared.domain.errors import OrderNotFoundError
from shared.edge.auth import Caller
from shared.gateways.orders_table import OrderPanel, OrdersTable
from shared.workflow.load_callers_order import NO_SUCH_ORDER


@dataclass(frozen=True, slots=True)
class ShowOrder:
    """Reads an order's panel: the order, its refunds and the messages about it."""

    orders: OrdersTable

    def __call__(self, caller: Caller, order_id: str) -> OrderPanel:
        """Return the panel of an order of the caller's studio.

        Raises:
            OrderNotFoundError: There is none, or it is another studio's: one answer for both.
        """
        panel = self.orders.load_panel(order_id)
        if panel is None or panel.record.order.studio_id != caller.studio_id:
            raise OrderNotFoundError(NO_SUCH_ORDER)
        return panel
