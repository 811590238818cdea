"""Compares the refunds of application fees at Stripe with their targets here."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from functions.reconcile.differences import at_rest, source_differs
from functions.reconcile.findings import Finding, FindingKind, of_fee, of_movement
from functions.reconcile.scope import Window
from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeRefusedError
from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import LedgerEntry
from shared.domain.order import OrderKey
from shared.domain.refund import FIRST_POLL_DELAY
from shared.domain.stripe_balance import MovementType, StripeFee, fee_of
from shared.gateways.charges import Charges
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import FeeRefundQueue
from shared.gateways.stripe.balance import StripeBalance
from shared.gateways.stripe.errors import UNKNOWN_TO_STRIPE
from shared.gateways.stripe.fee_refunds import StripeFeeRefunds


@dataclass(frozen=True, slots=True)
class ReconcileFeeRefunds:
    """Reconciles application fee refunds in both directions, all on the platform's account.

    From Stripe: each fee that was refunded in the window, with all its refunds. From the books:
    each order with a direct charge whose refund was entered in the window.

    Our fee refunds are read a hundred at a time. Only an order that differs is read by itself.
    """

    orders: OrdersTable
    charges: Charges
    fee_refunds: FeeRefunds
    stripe: StripeFeeRefunds
    balance: StripeBalance
    queue: FeeRefundQueue
    clock: Clock

    def __call__(self, window: Window, entered: Iterable[LedgerEntry]) -> Iterator[Finding]:
        """Yield the differences, each healed where the ordinary path can safely do that.

        Args:
            window: The window.
            entered: What the ledgers entered in the window of refunds and disputes.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
            StaleStateError: The fee's refund changed meanwhile; the next run reconciles it.
        """
        fees: dict[str, StripeFee] = {}
        for movement in self.balance.list_movements(
            MovementType.APPLICATION_FEE_REFUND,
            window.since,
            window.until,
            expand="source.fee",
        ):
            fee = fee_of(movement)
            fees[fee.fee_id] = fee
            if source_differs(movement):
                yield of_movement(movement)
        orders = set(_with_direct_charge(entered))
        pointers = self.charges.find_many(fee.charge_id for fee in fees.values())
        for fee in fees.values():
            pointer = pointers.get(fee.charge_id)
            if pointer is None:
                yield of_fee(FindingKind.FOREIGN_OBJECT, fee, None)
            else:
                orders.add(pointer.order)
        agreeing = self._agreeing(orders, fees)
        for order in sorted(orders - agreeing, key=lambda each: (each.studio_id, each.order_id)):
            window.keep_on()
            yield from self._reconcile(order, fees, rfc3339(window.until))

    def _agreeing(self, orders: set[OrderKey], fees: Mapping[str, StripeFee]) -> set[OrderKey]:
        """Return the orders whose fee Stripe has refunded exactly as our books say."""
        return {
            ours.order_key
            for ours in self.fee_refunds.get_many(orders)
            if (fee := fees.get(ours.application_fee_id)) is not None
            and not ours.is_open
            and fee.amount_refunded == ours.refunded_amount
        }

    def _reconcile(
        self, order: OrderKey, fees: dict[str, StripeFee], until: str
    ) -> Iterator[Finding]:
        record = self.orders.load_settlement(order)
        if record is None or record.state.application_fee_id is None:
            return
        if not at_rest(record.refunds.values(), until):
            return  # the open refund is entered later, and a later window has the fee
        fee_id = record.state.application_fee_id
        ours = record.fee_refund or FeeRefund(order.order_id, order.studio_id, fee_id)
        fee = fees.get(fee_id) or self._ask(fee_id)
        if fee is None:
            if ours.target_amount:
                yield of_fee(FindingKind.FEE_REFUND_DIFFERS, None, ours)
        elif fee.amount_refunded < ours.target_amount or ours.is_open:
            self._announce(ours, fee)
            yield of_fee(FindingKind.FEE_REFUND_MISSING, fee, ours, healed=True)
        elif fee.amount_refunded > ours.refunded_amount:
            if ours.version:
                # The next reversal counts what Stripe has, so this is found only once.
                self.fee_refunds.advance(ours.with_refunded(fee.amount_refunded))
            yield of_fee(FindingKind.FEE_REFUND_UNKNOWN_HERE, fee, ours)
        elif fee.amount_refunded < ours.refunded_amount:
            yield of_fee(FindingKind.FEE_REFUND_DIFFERS, fee, ours)

    def _ask(self, fee_id: str) -> StripeFee | None:
        try:
            return self.stripe.get_fee(fee_id)
        except StripeRefusedError as refusal:
            if refusal.reason != UNKNOWN_TO_STRIPE:
                raise
            return None

    def _announce(self, ours: FeeRefund, fee: StripeFee) -> None:
        """Announce what is missing, and first reopen a refund that the books had closed.

        An open one may have an attempt under way. Its key must not change.
        """
        if not ours.is_open:
            next_poll_at = rfc3339(self.clock() + FIRST_POLL_DELAY)
            ours = replace(
                ours.with_refunded(fee.amount_refunded), next_poll_at=next_poll_at, poll_count=0
            )
            ours = self.fee_refunds.advance(ours)
        self.queue.announce(ours)


def _with_direct_charge(entered: Iterable[LedgerEntry]) -> Iterator[OrderKey]:
    """Yield the orders of the entries of direct charges."""
    for entry in entered:
        # All of the net is payable if the charge is on the platform's account.
        if entry.payable_amount != entry.net_amount or not entry.net_amount:
            yield OrderKey(entry.studio_id, entry.order_id or "")
