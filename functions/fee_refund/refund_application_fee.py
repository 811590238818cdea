"""Bringing an application fee's refunds up to their target, each cent once."""

from dataclasses import dataclass

from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.fee_refund import FeeRefund
from shared.domain.order import OrderKey
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.stripe_api import StripeApi
from shared.workflow.attempts import key_forgotten


class NoFeeRefundError(Exception):
    """The message names an order that has no application fee to refund: it can never work."""


@dataclass(frozen=True, slots=True)
class RefundApplicationFee:
    """Refunds what is missing of an application fee."""

    fee_refunds: FeeRefunds
    stripe: StripeApi
    clock: Clock

    def __call__(self, order: OrderKey) -> int:
        """Ask Stripe for what is missing and return how much that was, in minor units.

        Raises:
            NoFeeRefundError: The order has none.
            StripeRefusedError, StripeOutcomeUnknownError, StaleStateError: Not now; the state is
                such that the next try goes on from here.
        """
        fee = self.fee_refunds.get(order)
        if fee is None:
            raise NoFeeRefundError(f"order {order.order_id} has no application fee to refund")
        asked = 0
        while fee.is_open:
            fee, amount = self._step(fee)
            asked += amount
        return asked

    def _step(self, fee: FeeRefund) -> tuple[FeeRefund, int]:
        """Make one refund of the fee: the one under way, or a new one of what is missing.

        Key and amount are fixed on disk before Stripe is called; what Stripe lists tells whether
        an attempt whose answer was lost took effect, and what was refunded by hand counts too.
        """
        refunds = self.stripe.list_fee_refunds(fee.application_fee_id)
        refunded = sum(each.amount for each in refunds)
        used = {each.key for each in refunds}
        took_effect = fee.idempotency_key in used
        forgotten = key_forgotten(fee.attempt_at, self.clock())
        if not fee.in_flight_amount or took_effect or forgotten:
            missing = fee.target_amount - refunded
            if missing <= 0:
                return self.fee_refunds.advance(fee.with_refunded(refunded)), 0
            fee = self.fee_refunds.advance(
                fee.with_new_attempt(missing, rfc3339(self.clock()), used)
            )
        amount = fee.in_flight_amount
        self._ask(fee, refunded)
        return self.fee_refunds.advance(fee.with_refunded(refunded + amount)), amount

    def _ask(self, fee: FeeRefund, refunded: int) -> None:
        try:
            self.stripe.refund_application_fee(fee)
        except StripeRefusedError:
            self.fee_refunds.advance(fee.with_refunded(refunded))
            raise
        except StripeOutcomeUnknownError as unknown:
            if unknown.key_spent:
                # The key only repeats that failure now. What it did shows in the next listing.
                self.fee_refunds.advance(fee.with_refunded(refunded))
            raise
