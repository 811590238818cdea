"""Importing orders. Bad lines are reported. No line is imported twice.

An imported order is no sale yet. Its charge is read at Stripe first, which a queue asks for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from operator import itemgetter

from functions.import_orders.bodies import OrderBody
from functions.import_orders.import_lines import ImportReport, LineReason, Numbered, one_line, parse
from shared.clock import Clock, rfc3339
from shared.domain.imported_order import ImportedOrder
from shared.domain.mail_address import unmailable_reason
from shared.domain.order import OrderState
from shared.domain.payment_status import (
    FIRST_CHECK_DELAY,
    UNSETTLED_PAYMENTS,
    PaymentStatus,
)
from shared.domain.search import order_tokens
from shared.domain.studio import Studio
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.order_import_store import (
    MAX_ITEM_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_STEPS,
    ImportState,
    NewOrder,
    OrderImportStore,
    OrderSize,
    StoredOrder,
    order_size,
)
from shared.gateways.queues import ChargeQueue
from shared.gateways.studios import Studios

# The bytes leave room for what DynamoDB adds.
_BYTES_PER_TRANSACTION = MAX_TRANSACTION_BYTES * 3 // 4

_CONTENTION_SECONDS = 20.0


type NumberedOrder = Numbered[ImportedOrder]


@dataclass(frozen=True, slots=True)
class ImportOrders:
    """Imports orders, as many in a transaction as fit."""

    studios: Studios
    orders: OrderImportStore
    charge_queue: ChargeQueue
    clock: Clock

    def __call__(self, lines: Iterable[object], first_line: int = 1) -> ImportReport:
        """Import orders, and have their charges read at Stripe.

        A stored order stays as it is. But an order that is no sale yet takes its charge and its
        amounts from the line, so that an unpaid or wrong order can be corrected.

        Args:
            lines: One order each, as JSON.
            first_line: The number of the first line in its file.

        Raises:
            StaleStateError: Others kept changing the same orders. What was imported stays. Import
                the file again for the rest.
        """
        report = ImportReport()
        by_studio: dict[str, list[NumberedOrder]] = {}
        for numbered in parse(lines, first_line, OrderBody, report):
            with one_line(numbered.line, report):
                order = numbered.content.imported_order()
                by_studio.setdefault(order.studio_id, []).append(Numbered(numbered.line, order))
        for studio_id, orders in by_studio.items():
            studio = self.studios.get(studio_id)
            fitting: list[NumberedOrder] = []
            for each in orders:
                with one_line(each.line, report):
                    if _fits(each, studio, report):
                        fitting.append(each)
            if studio is not None and fitting:
                # Read at once, so that a file that was imported before is skipped quickly.
                known = self.orders.import_state([each.content for each in fitting])
                for batch in _transactions(fitting):
                    known = self._import_batch(studio, batch, known, report)
        report.refused.sort(key=itemgetter("line"))
        report.unmailable = _unmailable(by_studio.values(), report)
        return report

    def _import_batch(
        self,
        studio: Studio,
        batch: list[NumberedOrder],
        known: ImportState,
        report: ImportReport,
    ) -> ImportState:
        """Import a batch, and return what is known to be stored after it."""
        now_known = known
        for _ in tries(_CONTENTION_SECONDS):
            tried, plan = ImportReport(), self._plan(studio, batch, now_known)
            try:
                self._record(studio, plan.new)
            except StaleStateError:
                now_known = self.orders.import_state([each.content for each in batch])
                continue
            tried.imported = len(plan.new)
            tried.unchanged = plan.unchanged
            for refused in plan.refused:
                tried.refuse(refused.line, refused.content)
            report.add(tried)
            self._announce([*plan.new, *plan.waiting])
            for correction in plan.corrections:
                self._correct(studio, correction, report)
            # After a conflict, only this batch was read again. A later line that meets one of its
            # orders has a conflict too, and reads.
            return plan.state if now_known is known else known
        raise StaleStateError

    def _plan(self, studio: Studio, batch: list[NumberedOrder], known: ImportState) -> "_Plan":
        """Compare the lines with what is stored, and return what to do with each."""
        state = known.copy()
        plan = _Plan(state)
        for each in batch:
            order, stored = each.content, state.orders.get(each.content.order_id)
            if stored is not None and stored.imported == order:
                plan.unchanged += 1
                if stored.state.payment_status in UNSETTLED_PAYMENTS:
                    plan.waiting.append(order)
            elif reason := _used_already(state, order):
                plan.refused.append(Numbered(each.line, reason))
            elif stored is None and studio.is_closed:
                plan.refused.append(Numbered(each.line, _closed(studio)))
            elif stored is None:
                plan.new.append(order)
                _remember(state, order, _first_state(order, studio, self.clock()))
            elif _is_correctable(stored, order):
                plan.corrections.append(each)
            else:
                reason = f"order {order.order_id} exists with other content"
                plan.refused.append(Numbered(each.line, reason))
        return plan

    def _record(self, studio: Studio, orders: list[ImportedOrder]) -> None:
        if orders:
            now = self.clock()
            self.orders.record_orders(
                NewOrder(each, _first_state(each, studio, now), _tokens(each)) for each in orders
            )

    def _correct(self, studio: Studio, line: NumberedOrder, report: ImportReport) -> None:
        """Give an order that is no sale yet the line's charge and amounts."""
        order = line.content
        for _ in tries(_CONTENTION_SECONDS):
            state = self.orders.import_state([order])
            stored = state.orders[order.order_id]
            if stored.imported == order:
                report.unchanged += 1
                return
            if not _is_correctable(stored, order):
                report.refuse(line.line, f"order {order.order_id} exists with other content")
                return
            first = _first_state(order, studio, self.clock())
            corrected = NewOrder(order, _corrected(stored.state, first), [])
            try:
                self.orders.record_correction(corrected, state)
            except StaleStateError:
                continue
            report.updated += 1
            self._announce([order])
            return
        raise StaleStateError

    def _announce(self, orders: Iterable[ImportedOrder]) -> None:
        """Have the charges read. If this fails, a schedule finds the orders."""
        self.charge_queue.announce(*(each.key for each in orders if each.charge.charge_id))


def _unmailable(studios: Iterable[list[NumberedOrder]], report: ImportReport) -> list[LineReason]:
    """Return the lines that were not refused, but whose parents cannot get mail."""
    refused = {each["line"] for each in report.refused}
    found: list[LineReason] = []
    for each in chain.from_iterable(studios):
        email = each.content.parent.email
        reason = None if email is None else unmailable_reason(email)
        if reason is not None and each.line not in refused:
            found.append({"line": each.line, "reason": f"parent.email: {reason}"})
    return sorted(found, key=itemgetter("line"))


@dataclass(slots=True)
class _Plan:
    """What to do with the lines of a batch. ``waiting`` are unchanged orders that are not paid.

    ``state`` is what is stored once it is done.
    """

    state: ImportState
    new: list[ImportedOrder] = field(default_factory=list)
    waiting: list[ImportedOrder] = field(default_factory=list)
    corrections: list[NumberedOrder] = field(default_factory=list)
    refused: list[Numbered[str]] = field(default_factory=list)
    unchanged: int = 0


def _first_state(imported: ImportedOrder, studio: Studio, now: datetime) -> OrderState:
    order = imported.order
    is_charged = order.charge_id is not None
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
        tax_parts=order.tax_parts,
        print_units=order.print_units,
        payment_status=PaymentStatus.UNVERIFIED if is_charged else PaymentStatus.NOT_CHARGED,
        ledger_starts_at=studio.ledger_starts_at,
        next_check_at=rfc3339(now + FIRST_CHECK_DELAY) if is_charged else None,
    )


def _closed(studio: Studio) -> str:
    return (
        f"studio {studio.studio_id} is closed and gets no new orders; to reopen it, import it with "
        "`status`: active and `update`: true"
    )


def _is_correctable(stored: StoredOrder, order: ImportedOrder) -> bool:
    """Return whether the order is no sale yet, and only its charge and amounts differ."""
    corrected = replace(
        stored.imported,
        charge=order.charge,
        products=order.products,
        shipping_amount=order.shipping_amount,
        shipping_tax_amount=order.shipping_tax_amount,
        shipping_taxes=order.shipping_taxes,
        total_amount=order.total_amount,
        rev_share_amount=order.rev_share_amount,
        stripe_fee_amount=order.stripe_fee_amount,
    )
    return stored.state.payment_status is not PaymentStatus.PAID and corrected == order


def _corrected(stored: OrderState, first: OrderState) -> OrderState:
    """Return the first state of the corrected order. Its print stays where it is."""
    return replace(
        first,
        version=stored.version,
        fulfillment_status=stored.fulfillment_status,
        fulfillment_canceled_by=stored.fulfillment_canceled_by,
        fulfillment_claimed_by=stored.fulfillment_claimed_by,
        fulfillment_history=stored.fulfillment_history,
    )


def _used_already(state: ImportState, order: ImportedOrder) -> str | None:
    """Return why another order has the same charge, or None."""
    charge = order.charge
    if charge.charge_id is None:
        return None
    if state.orders_of_charges.get(charge.charge_id, order.key) != order.key:
        return f"charge {charge.charge_id} is used already"
    if state.orders_of_intents.get(charge.payment_intent_id or "", order.key) != order.key:
        return f"payment intent {charge.payment_intent_id} is used already"
    return None


def _remember(state: ImportState, order: ImportedOrder, first: OrderState) -> None:
    """Treat an order as stored, so that the same file cannot import it twice."""
    state.orders[order.order_id] = StoredOrder(order, first)
    if order.charge.charge_id:
        state.orders_of_charges[order.charge.charge_id] = order.key
        if order.charge.payment_intent_id:
            state.orders_of_intents[order.charge.payment_intent_id] = order.key


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
        if steps > MAX_TRANSACTION_STEPS or size > _BYTES_PER_TRANSACTION:
            yield batch
            batch, steps, size = [], needed.steps, needed.transaction_bytes
        batch.append(order)
    if batch:
        yield batch


def _size(order: ImportedOrder) -> OrderSize:
    return order_size(order, _placed_at(order), _tokens(order))


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
