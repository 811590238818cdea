"""What changes of an order, in OrdersTable."""

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.order import OrderKey, OrderState
from shared.gateways.records.keys import STATE_SK, order_pk
from shared.gateways.records.order_state import state_from_values, state_to_item
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.table import Step


class OrderStates(TableGateway):
    """The orders' states, each guarded by its version."""

    def get_state(self, order: OrderKey) -> OrderState | None:
        """Read an order's state, consistently, or None."""
        values = self._table.get(order_pk(order), STATE_SK)
        return state_from_values(values) if values else None

    def update_state(self, state: OrderState) -> None:
        """Record what changed of an order beside its refunds: its print, or a dispute.

        Raises:
            StaleStateError: The state has changed.
        """
        self._table.write(self.put_state(state))

    def put_state(self, state: OrderState) -> "Step":
        """Return the transaction step that replaces the state as read."""
        stored = replace(state, version=state.version + 1)
        return self._table.replacing(state_to_item(stored), state.version)
