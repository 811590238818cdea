"""The transaction that imports orders with their sale entries, and what it has to know first."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING

from shared.domain.imported_order import ImportedOrder
from shared.domain.ledger import LedgerEntry, LedgerHead
from shared.domain.order import OrderState
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.records.attributes import item_bytes
from shared.gateways.records.imported_order import (
    ChargePointer,
    charge_to_item,
    imported_order_from_values,
    imported_order_to_item,
    payment_intent_to_item,
    search_items,
)
from shared.gateways.records.keys import (
    CHARGE_SK,
    ORDER_SK,
    charge_pk,
    order_pk,
    payment_intent_pk,
    primary_key,
)
from shared.gateways.records.order_state import state_to_item

if TYPE_CHECKING:
    from shared.gateways.table import Step


# DynamoDB's limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_ITEM_BYTES = 400 * 1024
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_TRANSACTION_STEPS = 100

# The order, its state, the pointers of its charge and its payment intent, and its sale entry.
_STEPS_BESIDE_TOKENS = 5
# Each of them but the order has less.
_SMALL_ITEM_BYTES = 4096


@dataclass(frozen=True, slots=True)
class NewSale:
    """An order to import: its state, and its sale entry if it was charged.

    ``tokens`` are the words by which people find it.
    """

    imported: ImportedOrder
    state: OrderState
    entry: LedgerEntry | None
    tokens: list[str]


@dataclass(frozen=True, slots=True)
class SaleSize:
    """How much of a transaction an order takes.

    Attributes:
        steps: Its steps in the transaction.
        order_bytes: The bytes of the order's own item, its largest.
        transaction_bytes: The bytes of all its items together.
    """

    steps: int
    order_bytes: int
    transaction_bytes: int


def sale_size(imported: ImportedOrder, placed_at: str, tokens: list[str]) -> SaleSize:
    """Return how much of a transaction an order takes, never less than it will be."""
    order_bytes = item_bytes(imported_order_to_item(imported, placed_at))
    search_bytes = sum(item_bytes(item) for item in search_items(imported.key, tokens))
    return SaleSize(
        len(tokens) + _STEPS_BESIDE_TOKENS,
        order_bytes,
        order_bytes + search_bytes + _STEPS_BESIDE_TOKENS * _SMALL_ITEM_BYTES,
    )


@dataclass(frozen=True, slots=True)
class ImportState:
    """What is stored already: orders by order id, and charges and payment intents with an order."""

    orders: dict[str, ImportedOrder]
    charge_ids: set[str]
    payment_intent_ids: set[str]


class SaleStore(LedgerStore):
    """Imports orders."""

    def import_state(self, orders: Collection[ImportedOrder]) -> ImportState:
        """Read what is stored of orders, their charges and payment intents, consistently."""
        charges = [each.charge for each in orders]
        charge_ids = {each.charge_id for each in charges if each.charge_id}
        intent_ids = {each.payment_intent_id for each in charges if each.payment_intent_id}
        keys = {(order_pk(each.key), ORDER_SK) for each in orders}
        keys |= {(charge_pk(each), CHARGE_SK) for each in charge_ids}
        keys |= {(payment_intent_pk(each), CHARGE_SK) for each in intent_ids}
        stored, pks = {}, set()
        for values in self._orders_table.batch_get(starmap(primary_key, keys), consistent=True):
            pks.add(values["PK"])
            if values["SK"] == ORDER_SK:
                imported = imported_order_from_values(values)
                stored[imported.order_id] = imported
        return ImportState(
            stored,
            {each for each in charge_ids if charge_pk(each) in pks},
            {each for each in intent_ids if payment_intent_pk(each) in pks},
        )

    def record_sales(
        self, sales: list[NewSale], head_before: LedgerHead, head_after: LedgerHead
    ) -> None:
        """Write orders of one studio with their sale entries in ONE transaction.

        Args:
            sales: So few that DynamoDB's limit of 100 steps holds: up to five for each, and one
                for each of its tokens.
            head_before: The ledger head that the entries follow.
            head_after: The ledger head with the entries.

        Raises:
            StaleStateError: An order or charge is stored already, or the head has moved.
        """
        steps = [step for sale in sales for step in self._steps(sale)]
        if head_before != head_after:
            steps.append(self._move_head(head_before, head_after))
        self._orders_table.write(*steps)

    def _steps(self, sale: NewSale) -> "Iterator[Step]":
        new, charge = self._orders_table.new, sale.imported.charge
        yield new(imported_order_to_item(sale.imported, sale.state.placed_at))
        yield new(state_to_item(sale.state))
        if charge.charge_id is not None:
            pointer = ChargePointer(charge.charge_id, sale.imported.key, charge.account_id)
            yield new(charge_to_item(pointer))
            if charge.payment_intent_id is not None:
                yield new(payment_intent_to_item(charge.payment_intent_id, pointer))
        if sale.entry is not None:
            yield self._put_entry(sale.entry)
        for item in search_items(sale.imported.key, sale.tokens):
            yield new(item)
