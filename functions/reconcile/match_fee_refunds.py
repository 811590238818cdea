"""Holding refunds of application fees at Stripe against what was asked for here."""

from collections.abc import Iterator
from dataclasses import dataclass

from functions.reconcile.findings import Finding, Kind
from functions.reconcile.match_refunds import Account, Window
from shared.clock import rfc3339
from shared.domain.fee_refund import FeeRefund
from shared.domain.stripe_balance import BalanceMovement, MovementType
from shared.domain.stripe_refund import string
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import FeeRefundQueue
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.stripe_api import StripeApi, fee_refund_key


@dataclass(frozen=True, slots=True)
class MatchFeeRefunds:
    """Matches application fee refunds in both directions.

    From here: each order with a direct charge of which a refund was entered in the time. From
    Stripe: each fee refund of the time that was not made here; all are of the platform's account.
    """

    orders: OrdersTable
    settled: SettledRefunds
    stripe: StripeApi
    queue: FeeRefundQueue

    def __call__(self, account: Account, window: Window) -> Iterator[Finding]:
        """Yield the differences, each healed by the ordinary path where that is safe.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
            StaleStateError: The fee's refund went on meanwhile; the next match finds it.
        """
        if account.account_id is None:
            yield from self._at_stripe(window)
        else:
            yield from self._entered(account, window)

    def _entered(self, account: Account, window: Window) -> Iterator[Finding]:
        orders = {
            values["order_id"]
            for studio_id in account.studio_ids
            for values in self.settled.figures(
                studio_id,
                rfc3339(window.since),
                rfc3339(window.until),
                names=("order_id",),
            )
        }
        for order_id in sorted(orders):
            fee = self.orders.get_fee_refund(order_id)
            if fee is not None:
                yield from self._match(fee, window)

    def _at_stripe(self, window: Window) -> Iterator[Finding]:
        seen = set()
        for movement in self.stripe.movements(
            MovementType.APPLICATION_FEE_REFUND, window.since, window.until, None
        ):
            if fee_refund_key(movement.source) is not None:
                continue
            order_id = self._order_of(movement)
            fee = self.orders.get_fee_refund(order_id) if order_id else None
            if fee is None:
                yield Finding(
                    Kind.FEE_REFUND_UNKNOWN_HERE,
                    order_id=order_id,
                    stripe_id=string(movement.source, "id"),
                    stripe_amount=-movement.amount,
                    currency=movement.currency,
                )
            elif fee.order_id not in seen:
                seen.add(fee.order_id)
                yield from self._match(fee, window)

    def _order_of(self, movement: BalanceMovement) -> str | None:
        """Find the order by the fee's charge: metadata can be edited, and others have none."""
        charge_id = self.stripe.charge_of_fee(string(movement.source, "fee"))
        pointer = self.orders.find_charge(charge_id) if charge_id else None
        return pointer.order_id if pointer else None

    def _match(self, fee: FeeRefund, window: Window) -> Iterator[Finding]:
        if fee.due_at is not None and fee.is_open and fee.due_at >= rfc3339(window.until):
            return  # under way: the reconciler looks at it at that time
        refunds = self.stripe.list_fee_refunds(fee.application_fee_id)
        at_stripe = sum(each.amount for each in refunds)
        if fee.is_open:
            self.queue.announce(fee)
            yield _finding(Kind.FEE_REFUND_MISSING, fee, at_stripe, healed=True)
        elif at_stripe > fee.refunded_amount:
            # What Stripe lists is what counts, for the next reversal too.
            self.orders.advance_fee_refund(fee.seen(at_stripe))
            yield _finding(Kind.FEE_REFUND_UNKNOWN_HERE, fee, at_stripe, healed=True)
        elif at_stripe < fee.refunded_amount:
            yield _finding(Kind.FEE_REFUND_DIFFERS, fee, at_stripe, healed=False)


def _finding(kind: Kind, fee: FeeRefund, at_stripe: int, *, healed: bool) -> Finding:
    return Finding(
        kind,
        healed,
        studio_id=fee.studio_id,
        order_id=fee.order_id,
        stripe_id=fee.application_fee_id,
        amount=fee.refunded_amount,
        stripe_amount=at_stripe,
    )
