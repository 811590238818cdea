"""Importing orders with their sale entries. Bad lines are reported. No line is imported twice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from functions.import_orders.bodies import OrderBody
from functions.import_orders.import_lines import ImportReport, Numbered, parse
from shared.clock import Clock, rfc3339
from shared.domain.imported_order import ChargeIds, ImportedOrder
from shared.domain.ledger import EntryFacts, EntryKind, LedgerEntry, LedgerHead, append
from shared.domain.order import OrderState
from shared.domain.search import order_tokens
from shared.domain.settlement import sale_amounts
from shared.domain.studio import Studio
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.sale_store import (
    MAX_ITEM_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_STEPS,
    ImportState,
    NewSale,
    SaleSize,
    SaleStore,
    sale_size,
)
from shared.gateways.studios import Studios

# One step is the ledger head's. The bytes leave room for what DynamoDB adds.
_STEPS_PER_TRANSACTION = MAX_TRANSACTION_STEPS - 1
_BYTES_PER_TRANSACTION = MAX_TRANSACTION_BYTES * 3 // 4

_CONTENTION_SECONDS = 20.0

type NumberedOrder = Numbered[ImportedOrder]


@dataclass(frozen=True, slots=True)
class ImportOrders:
    """Imports orders, as many in a transaction as fit."""

    studios: Studios
    sales: SaleStore
    clock: Clock

    def __call__(self, lines: Iterable[str], first_line: int = 1) -> ImportReport:
        """Import orders with their sale entries. A stored order stays as it is.

        Args:
            lines: One order each, as JSON.
            first_line: The number of the first line in its file.

        Raises:
            StaleStateError: Others kept changing a studio's ledger. What was imported stays.
                Import the file again for the rest.
        """
        report = ImportReport()
        by_studio: dict[str, list[NumberedOrder]] = {}
        for numbered in parse(lines, first_line, OrderBody, report):
            order = numbered.content.imported_order()
            by_studio.setdefault(order.studio_id, []).append(Numbered(numbered.line, order))
        for studio_id, orders in by_studio.items():
            studio = self.studios.get(studio_id)
            fitting = [each for each in orders if _fits(each, studio, report)]
            for batch in _transactions(fitting):
                self._import_batch(studio_id, batch, report)
        report.refused.sort(key=lambda refused: refused["line"])
        return report

    def _import_batch(
        self, studio_id: str, batch: list[NumberedOrder], report: ImportReport
    ) -> None:
        for _ in tries(_CONTENTION_SECONDS):
            tried = ImportReport()
            new = self._new_orders(batch, tried)
            try:
                self._record(studio_id, new)
            except StaleStateError:
                continue
            tried.imported = len(new)
            report.add(tried)
            return
        raise StaleStateError

    def _new_orders(self, batch: list[NumberedOrder], report: ImportReport) -> list[ImportedOrder]:
        """Return the orders that are not stored yet, and report those that conflict."""
        state = self.sales.import_state([each.content for each in batch])
        new = []
        for each in batch:
            order = each.content
            stored = state.orders.get(order.order_id)
            if stored == order:
                report.unchanged += 1
            elif stored is not None:
                report.refuse(each.line, f"order {order.order_id} exists with other content")
            elif reason := _used_already(state, order.charge):
                report.refuse(each.line, reason)
            else:
                new.append(order)
                _remember(state, order)
        return new

    def _record(self, studio_id: str, orders: list[ImportedOrder]) -> None:
        if not orders:
            return
        head = self.sales.load_head(studio_id)
        if head is None:
            raise LookupError(f"studio {studio_id} has no ledger")
        after = head
        sales = []
        for order in orders:
            sale, after = self._sale(order, after)
            sales.append(sale)
        self.sales.record_sales(sales, head, after)

    def _sale(self, imported: ImportedOrder, head: LedgerHead) -> tuple[NewSale, LedgerHead]:
        state = _first_state(imported)
        entry: LedgerEntry | None = None
        # An order without a charge moved no money, so it is not a sale.
        if imported.charge.charge_id is not None:
            facts = EntryFacts(EntryKind.SALE, imported.order_id, rfc3339(self.clock()))
            entry, head = append(head, facts, sale_amounts(state))
        return NewSale(imported, state, entry, _tokens(imported)), head


def _first_state(imported: ImportedOrder) -> OrderState:
    order = imported.order
    return OrderState(
        order_id=order.order_id,
        studio_id=order.studio_id,
        currency=order.currency,
        total_amount=order.total_amount,
        rev_share_amount=order.rev_share_amount,
        stripe_fee_amount=order.stripe_fee_amount,
        account_id=order.account_id,
        application_fee_id=order.application_fee_id,
        fulfillment_status=imported.fulfillment_status,
        fulfillment_claimed_by=imported.fulfillment_claimed_by,
        placed_at=_placed_at(imported),
        tax_amount=order.tax_amount,
        print_units=order.print_units,
    )


def _used_already(state: ImportState, charge: ChargeIds) -> str | None:
    if charge.charge_id is None:
        return None
    if charge.charge_id in state.charge_ids:
        return f"charge {charge.charge_id} is used already"
    if charge.payment_intent_id in state.payment_intent_ids:
        return f"payment intent {charge.payment_intent_id} is used already"
    return None


def _remember(state: ImportState, order: ImportedOrder) -> None:
    """Treat an order as stored, so that the same file cannot import it twice."""
    state.orders[order.order_id] = order
    if order.charge.charge_id:
        state.charge_ids.add(order.charge.charge_id)
        if order.charge.payment_intent_id:
            state.payment_intent_ids.add(order.charge.payment_intent_id)


def _tokens(imported: ImportedOrder) -> list[str]:
    return order_tokens(imported.order_id, imported.names)


def _transactions(orders: Iterable[NumberedOrder]) -> Iterator[list[NumberedOrder]]:
    """Split the orders into batches that each fit into one transaction."""
    batch: list[NumberedOrder] = []
    steps = size = 0
    for order in orders:
        needed = _size(order.content)
        steps += needed.steps
        size += needed.transaction_bytes
        if steps > _STEPS_PER_TRANSACTION or size > _BYTES_PER_TRANSACTION:
            yield batch
            batch, steps, size = [], needed.steps, needed.transaction_bytes
        batch.append(order)
    if batch:
        yield batch


def _size(order: ImportedOrder) -> SaleSize:
    return sale_size(order, _placed_at(order), _tokens(order))


def _placed_at(order: ImportedOrder) -> str:
    return rfc3339(datetime.fromisoformat(order.placed_at))


def _fits(numbered: NumberedOrder, studio: Studio | None, report: ImportReport) -> bool:
    """Return whether the order fits its studio. Report it if it does not."""
    reason = _misfit(numbered.content, studio)
    if reason:
        report.refuse(numbered.line, reason)
    return reason is None


def _misfit(order: ImportedOrder, studio: Studio | None) -> str | None:
    if studio is None:
        return f"studio {order.studio_id} does not exist; import it first"
    if order.currency != studio.currency:
        return f"currency {order.currency} is not the studio's, {studio.currency}"
    account_id = order.charge.account_id
    if account_id is not None and account_id != studio.stripe_account_id:
        return "account_id is not the studio's stripe_account_id"
    order_bytes = _size(order).order_bytes
    if order_bytes > MAX_ITEM_BYTES:
        return (
            f"the order needs {order_bytes} bytes, and the table holds {MAX_ITEM_BYTES}; shorten "
            "its names, or split the order"
        )
    return None
