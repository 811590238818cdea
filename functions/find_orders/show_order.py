"""Showing one order, with all that has happened to it."""

from dataclasses import dataclass

from shared.domain.errors import OrderNotFoundError
from shared.domain.order import OrderKey
from shared.edge.auth import Caller
from shared.gateways.order_panels import OrderPanel, OrderPanels


@dataclass(frozen=True, slots=True)
class ShowOrder:
    """Reads an order's panel: the order, its refunds and the messages about it."""

    panels: OrderPanels

    def __call__(self, caller: Caller, order_id: str) -> OrderPanel:
        """Return the panel of an order of the caller's studio.

        Raises:
            OrderNotFoundError: The caller's studio has no such order.
        """
        panel = self.panels.load(OrderKey(caller.studio_id, order_id))
        if panel is None:
            raise OrderNotFoundError
        return panel
