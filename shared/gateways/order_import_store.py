"""The transaction that imports orders, and what it has to know first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.domain.imported_order import ImportedOrder
from shared.domain.order import OrderKey, OrderState
from shared.gateways.records.imported_order import (
    ChargePointer,
    charge_from_values,
    charge_to_item,
    imported_order_from_values,
    imported_order_to_item,
    search_items,
)
from shared.gateways.records.keys import (
    CHARGE_SK,
    ORDER_SK,
    STATE_SK,
    charge_pk,
    order_pk,
    primary_key,
)
from shared.gateways.records.order_state import state_from_values, state_to_item
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.table import Step


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to import, with its first state. ``tokens`` are the words that find it."""

    imported: ImportedOrder
    state: OrderState
    tokens: list[str]


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order that is stored already, with its state."""

    imported: ImportedOrder
    state: OrderState


@dataclass(frozen=True, slots=True)
class ImportState:
    """What is stored already: orders by order id, and the orders of charges by charge id."""

    orders: dict[str, StoredOrder]
    orders_of_charges: dict[str, OrderKey]


class OrderImportStore(TableGateway):
    """Imports orders. Their sales are entered later, when Stripe says that the money is there."""

    def import_state(
        self, studio_id: str, order_ids: Iterable[str], charge_ids: Iterable[str]
    ) -> ImportState:
        """Read what is stored of a studio's orders and of these charges, consistently."""
        pks = [order_pk(OrderKey(studio_id, order_id)) for order_id in set(order_ids)]
        keys = [primary_key(pk, sk) for pk in pks for sk in (ORDER_SK, STATE_SK)]
        keys += [primary_key(charge_pk(charge_id), CHARGE_SK) for charge_id in set(charge_ids)]
        imported: dict[str, ImportedOrder] = {}
        states: dict[str, OrderState] = {}
        of_charges: dict[str, OrderKey] = {}
        for values in self._table.batch_get(keys, consistent=True):
            if values["SK"] == ORDER_SK:
                order = imported_order_from_values(values)
                imported[order.order_id] = order
            elif values["SK"] == STATE_SK:
                state = state_from_values(values)
                states[state.order_id] = state
            else:
                pointer = charge_from_values(values)
                of_charges[pointer.charge_id] = pointer.order
        stored = {
            order_id: StoredOrder(order, states[order_id]) for order_id, order in imported.items()
        }
        return ImportState(stored, of_charges)

    def record_orders(self, orders: Iterable[NewOrder]) -> None:
        """Write orders of one studio in ONE transaction.

        Args:
            orders: So few that DynamoDB's limit of 100 steps holds: up to three for each, and one
                for each of its tokens.

        Raises:
            StaleStateError: An order or charge is stored already.
        """
        self._table.write(*(step for order in orders for step in self._steps(order)))

    def record_correction(self, order: NewOrder, *, new_charge: bool) -> None:
        """Replace an order that is no sale yet. Its people, and so its tokens, are the same.

        Args:
            order: The order as it is now, with its state at the version read.
            new_charge: Whether its charge is new to us.

        Raises:
            StaleStateError: The order has changed, or the charge is stored already.
        """
        item = imported_order_to_item(order.imported, order.state.placed_at)
        stored = replace(order.state, version=order.state.version + 1)
        steps = [
            self._table.replacing(state_to_item(stored), order.state.version),
            self._table.existing(item),
        ]
        if new_charge and (pointer := _pointer(order.imported)):
            steps.append(self._table.new(charge_to_item(pointer)))
        self._table.write(*steps)

    def _steps(self, order: NewOrder) -> "Iterator[Step]":
        new = self._table.new
        yield new(imported_order_to_item(order.imported, order.state.placed_at))
        yield new(state_to_item(order.state))
        if pointer := _pointer(order.imported):
            yield new(charge_to_item(pointer))
        for item in search_items(order.imported.key, order.tokens):
            yield new(item)


def _pointer(imported: ImportedOrder) -> ChargePointer | None:
    charge = imported.charge
    if charge.charge_id is None:
        return None
    return ChargePointer(charge.charge_id, imported.key, charge.account_id)
