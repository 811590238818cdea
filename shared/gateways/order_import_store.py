"""The transaction that imports orders, and what it has to know first."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import starmap
from typing import TYPE_CHECKING

from shared.domain.imported_order import ImportedOrder
from shared.domain.order import OrderKey, OrderState
from shared.gateways.records.attributes import item_bytes
from shared.gateways.records.charge_pointer import (
    ChargePointer,
    charge_from_values,
    charge_to_item,
    payment_intent_to_item,
)
from shared.gateways.records.imported_order import (
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
    payment_intent_pk,
    primary_key,
)
from shared.gateways.records.order_state import state_from_values, state_to_item
from shared.gateways.records.schema import with_schema
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Item
    from shared.gateways.table import Step

# DynamoDB's limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_ITEM_BYTES = 400 * 1024
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_TRANSACTION_STEPS = 100

# The order, its state, and the pointers of its charge and its payment intent.
_STEPS_BESIDE_TOKENS = 4
# Each of them but the order has less. A state has up to twenty parts of tax.
_SMALL_ITEM_BYTES = 8192


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
    """What is stored already: orders by order id, and the orders of charges and intents by id."""

    orders: dict[str, StoredOrder]
    orders_of_charges: dict[str, OrderKey]
    orders_of_intents: dict[str, OrderKey]

    def copy(self) -> "ImportState":
        """Return one that can be changed by itself."""
        return ImportState(
            dict(self.orders), dict(self.orders_of_charges), dict(self.orders_of_intents)
        )


@dataclass(frozen=True, slots=True)
class OrderSize:
    """How much of a transaction an order takes.

    Attributes:
        steps: Its steps in the transaction.
        order_bytes: The bytes of the order's own item, its largest.
        transaction_bytes: The bytes of all its items together.
    """

    steps: int
    order_bytes: int
    transaction_bytes: int


def order_size(imported: ImportedOrder, placed_at: str, tokens: list[str]) -> OrderSize:
    """Return how much of a transaction an order takes, never less than it will be."""
    order_bytes = item_bytes(with_schema(imported_order_to_item(imported, placed_at)))
    search = search_items(imported.key, tokens)
    search_bytes = sum(item_bytes(with_schema(item)) for item in search)
    return OrderSize(
        len(tokens) + _STEPS_BESIDE_TOKENS,
        order_bytes,
        order_bytes + search_bytes + _STEPS_BESIDE_TOKENS * _SMALL_ITEM_BYTES,
    )


class OrderImportStore(TableGateway):
    """Imports orders. Their sales are entered later, when Stripe says that the money is there."""

    def import_state(self, orders: Collection[ImportedOrder]) -> ImportState:
        """Read what is stored of a studio's orders, their charges and intents, consistently."""
        keys = {(order_pk(each.key), sk) for each in orders for sk in (ORDER_SK, STATE_SK)}
        keys |= {(pk, CHARGE_SK) for each in orders for pk in _pointer_pks(each)}
        imported: dict[str, ImportedOrder] = {}
        states: dict[str, OrderState] = {}
        owners: dict[str, OrderKey] = {}
        for values in self._table.batch_get(starmap(primary_key, keys), consistent=True):
            if values["SK"] == ORDER_SK:
                order = imported_order_from_values(values)
                imported[order.order_id] = order
            elif values["SK"] == STATE_SK:
                state = state_from_values(values)
                states[state.order_id] = state
            else:
                owners[values["PK"]] = charge_from_values(values).order
        charges = [each.charge for each in orders]
        return ImportState(
            {name: StoredOrder(order, states[name]) for name, order in imported.items()},
            _owned(owners, {charge_pk(each.charge_id or ""): each.charge_id for each in charges}),
            _owned(
                owners,
                {
                    payment_intent_pk(each.payment_intent_id or ""): each.payment_intent_id
                    for each in charges
                },
            ),
        )

    def record_orders(self, orders: Iterable[NewOrder]) -> None:
        """Write orders of one studio in ONE transaction.

        Args:
            orders: So few that DynamoDB's limits hold, see ``order_size``.

        Raises:
            StaleStateError: An order or charge is stored already.
        """
        self._table.write(*(step for order in orders for step in self._steps(order)))

    def record_correction(self, order: NewOrder, known: ImportState) -> None:
        """Replace an order that is no sale yet. Its people, and so its tokens, are the same.

        Args:
            order: The order as it is now, with its state at the version read.
            known: What is stored of its charge and its payment intent.

        Raises:
            StaleStateError: The order has changed, or the charge is stored already.
        """
        stored = replace(order.state, version=order.state.version + 1)
        pointed = known.orders_of_charges.keys() | known.orders_of_intents.keys()
        self._table.write(
            self._table.replacing(state_to_item(stored), order.state.version),
            self._table.existing(imported_order_to_item(order.imported, order.state.placed_at)),
            *(
                self._table.new(item)
                for name, item in _pointer_items(order.imported)
                if name not in pointed
            ),
        )

    def _steps(self, order: NewOrder) -> "Iterator[Step]":
        new = self._table.new
        yield new(imported_order_to_item(order.imported, order.state.placed_at))
        yield new(state_to_item(order.state))
        for _, item in _pointer_items(order.imported):
            yield new(item)
        for item in search_items(order.imported.key, order.tokens):
            yield new(item)


def _pointer_pks(imported: ImportedOrder) -> Iterator[str]:
    charge = imported.charge
    if charge.charge_id is not None:
        yield charge_pk(charge.charge_id)
        if charge.payment_intent_id is not None:
            yield payment_intent_pk(charge.payment_intent_id)


def _pointer_items(imported: ImportedOrder) -> "Iterator[tuple[str, Item]]":
    """Yield the pointers to the order, each with the id that it is found by."""
    charge = imported.charge
    if charge.charge_id is None:
        return
    pointer = ChargePointer(charge.charge_id, imported.key, charge.account_id)
    yield charge.charge_id, charge_to_item(pointer)
    if charge.payment_intent_id is not None:
        yield charge.payment_intent_id, payment_intent_to_item(charge.payment_intent_id, pointer)


def _owned(owners: dict[str, OrderKey], names: dict[str, str | None]) -> dict[str, OrderKey]:
    return {name: owners[pk] for pk, name in names.items() if name is not None and pk in owners}
