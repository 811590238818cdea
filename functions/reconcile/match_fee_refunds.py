"""Holding refunds of application fees at Stripe against what was asked for here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from functions.reconcile.findings import (
    Finding,
    FindingKind,
    at_rest,
    of_fee,
    of_movement,
    source_differs,
)
from functions.reconcile.match_refunds import Account, Window
from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeRefusedError
from shared.domain.fee_refund import FeeRefund
from shared.domain.order import OrderKey
from shared.domain.refund import FIRST_POLL_DELAY
from shared.domain.stripe_balance import MovementType, StripeFee, fee_of
from shared.gateways.charges import Charges
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import FeeRefundQueue
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.stripe_api import UNKNOWN_TO_STRIPE, StripeApi

_ENTRIES_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class MatchFeeRefunds:
    """Matches application fee refunds in both directions, all on the platform's account.

    From Stripe: each fee of which something was given back in the time, with all that was ever
    given back of it. From here: each order with a direct charge of which a refund was entered in
    the time.
    """

    orders: OrdersTable
    charges: Charges
    fee_records: FeeRefunds
    settled: SettledRefunds
    stripe: StripeApi
    queue: FeeRefundQueue
    clock: Clock

    def __call__(self, platform: Account, window: Window) -> Iterator[Finding]:
        """Yield the differences, each healed by the ordinary path where that is safe.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
            StaleStateError: The fee's refund went on meanwhile; the next match finds it.
        """
        fees: dict[str, StripeFee] = {}
        for movement in self.stripe.movements(
            MovementType.APPLICATION_FEE_REFUND,
            window.since,
            window.until,
            None,
            expand="source.fee",
        ):
            fee = fee_of(movement)
            fees[fee.fee_id] = fee
            if source_differs(movement):
                yield of_movement(movement)
        orders = set(self._entered(platform, window))
        for fee in fees.values():
            pointer = self.charges.find(fee.charge_id)
            if pointer is None:
                yield of_fee(FindingKind.FEE_REFUND_UNKNOWN_HERE, fee, None)
            else:
                orders.add(pointer.order)
        for order in sorted(orders, key=lambda it: (it.studio_id, it.order_id)):
            yield from self._match(order, fees, rfc3339(window.until))

    def _entered(self, platform: Account, window: Window) -> Iterator[OrderKey]:
        since, until = rfc3339(window.since), rfc3339(window.until)
        for studio_id in platform.studio_ids:
            for entry in self.settled.entries(studio_id, since, until, None, _ENTRIES_PER_PAGE):
                # All of the net is payable where the charge is on the platform's account.
                if entry.payable_amount != entry.net_amount or not entry.net_amount:
                    yield OrderKey(studio_id, entry.order_id or "")

    def _match(self, order: OrderKey, fees: dict[str, StripeFee], until: str) -> Iterator[Finding]:
        record = self.orders.load_settlement(order)
        if record is None or record.state.application_fee_id is None:
            return
        if not at_rest(record.refunds.values(), until):
            return  # What moves it still is entered later, and the fee is looked at then.
        fee_id = record.state.application_fee_id
        ours = record.fee_refund or FeeRefund(order.order_id, order.studio_id, fee_id)
        fee = fees.get(fee_id) or self._ask(fee_id)
        if fee is None:
            if ours.target_amount:
                yield of_fee(FindingKind.FEE_REFUND_DIFFERS, None, ours)
        elif fee.amount_refunded < ours.target_amount or ours.is_open:
            self._ask_again(ours, fee)
            yield of_fee(FindingKind.FEE_REFUND_MISSING, fee, ours, healed=True)
        elif fee.amount_refunded > ours.refunded_amount:
            if ours.version:
                # What Stripe lists is what counts, for the next reversal too: found once.
                self.fee_records.advance(ours.with_refunded(fee.amount_refunded))
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

    def _ask_again(self, ours: FeeRefund, fee: StripeFee) -> None:
        """Announce what is missing; first open it again where the books took it for done.

        One that is open may have an attempt under way, whose key must stay as it is.
        """
        if not ours.is_open:
            next_poll_at = rfc3339(self.clock() + FIRST_POLL_DELAY)
            ours = replace(
                ours.with_refunded(fee.amount_refunded), next_poll_at=next_poll_at, poll_count=0
            )
            ours = self.fee_records.advance(ours)
        self.queue.announce(ours)
