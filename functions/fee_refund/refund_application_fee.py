"""Refunds an application fee up to its target, each cent once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.fee_refund import FeeRefund
from shared.domain.order import OrderKey
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.order_states import OrderStates
from shared.gateways.stripe.fee_refunds import StripeFeeRefunds
from shared.workflow.account_watch import AccountWatch
from shared.workflow.stripe_attempt import ensure_at_stripe


class NoFeeRefundError(Exception):
    """The message names an order without an application fee to refund. No retry can help."""


@dataclass(frozen=True, slots=True)
class RefundApplicationFee:
    """Refunds what is missing of an application fee."""

    fee_refunds: FeeRefunds
    stripe: StripeFeeRefunds
    states: OrderStates
    accounts: AccountWatch
    clock: Clock

    def __call__(self, order: OrderKey, *, time_is_up: Callable[[], bool] = lambda: False) -> int:
        """Refund what is missing and return how much that was, in minor units.

        Args:
            order: The order.
            time_is_up: Whether to stop after a refund although more is missing, because the time
                does not suffice for another. ``ResumePending`` announces the rest again.

        Raises:
            NoFeeRefundError: The order has no application fee to refund.
            StripeRefusedError, StripeOutcomeUnknownError, StaleStateError: Nothing is lost; the
                next delivery of the message goes on from here.
        """
        fee = self.fee_refunds.get(order)
        if fee is None:
            raise NoFeeRefundError(f"order {order.order_id} has no application fee to refund")
        sent_amount = 0
        while fee.is_open:
            try:
                fee, amount = self._refund(fee)
            except (StripeRefusedError, StripeOutcomeUnknownError) as error:
                if time_is_up() or not self._account_left(error, order):
                    raise
                break  # the fee refund stays open, and ``ResumePending`` announces it again
            sent_amount += amount
            if time_is_up():
                break
        return sent_amount

    def _account_left(self, error: Exception, order: OrderKey) -> bool:
        state = self.states.get_state(order)
        return state is not None and self.accounts.explains(error, state.account_id)

    def _refund(self, fee: FeeRefund) -> tuple[FeeRefund, int]:
        """Make one refund of the fee: the one in flight, or a new one of what is missing.

        Returns:
            The fee's refund with nothing in flight, and the amount that was sent.
        """
        steps = _FeeRefundSteps(self.fee_refunds, self.stripe, self.clock)
        # With nothing in flight, the last attempt is done: its key must not be sent again.
        intent = fee if fee.in_flight_amount else replace(fee, attempt_at=None)
        answer = ensure_at_stripe(steps, intent, self.clock())
        if isinstance(answer.report, StripeRefusedError):
            self.fee_refunds.advance(answer.intent.with_refunded(steps.listed_amount))
            raise answer.report
        stored = self.fee_refunds.advance(answer.intent.with_refunded(answer.report))
        return stored, answer.report - steps.listed_amount


@dataclass(slots=True)
class _FeeRefundSteps:
    """The ``AttemptSteps`` of an application fee refund. The report is the amount refunded in all.

    Attributes:
        listed_amount: What the last complete list had refunded in all, also by hand.
        used_keys: The keys of the refunds in that list.
    """

    fee_refunds: FeeRefunds
    stripe: StripeFeeRefunds
    clock: Clock
    listed_amount: int = 0
    used_keys: frozenset[str | None] = frozenset()

    def find_at_stripe(self, fee: FeeRefund) -> int | None:
        """Find the refund in flight among the fee's refunds, by the key in its metadata."""
        refunds = self.stripe.list_of_fee(fee.application_fee_id)
        self.listed_amount = sum(each.amount for each in refunds)
        self.used_keys = frozenset(each.key for each in refunds)
        took_effect = fee.in_flight_amount > 0 and fee.idempotency_key in self.used_keys
        return self.listed_amount if took_effect else None

    def with_new_attempt(self, fee: FeeRefund) -> FeeRefund:
        """Store an attempt to refund what is missing, or return the fee with nothing in flight."""
        missing_amount = fee.target_amount - self.listed_amount
        if missing_amount <= 0:
            return fee.with_refunded(self.listed_amount)
        now = rfc3339(self.clock())
        return self.fee_refunds.advance(fee.with_new_attempt(missing_amount, now, self.used_keys))

    def send(self, fee: FeeRefund) -> int:
        """Send the refund in flight, if there is one."""
        if not fee.in_flight_amount:
            return self.listed_amount
        try:
            self.stripe.create(fee)
        except StripeOutcomeUnknownError as unknown:
            if not unknown.key_spent:
                raise
            # The next delivery of the message lists again, and begins a new attempt.
            self.fee_refunds.advance(fee.with_refunded(self.listed_amount))
            raise StripeOutcomeUnknownError(unknown.reason, key_spent=False) from unknown
        return self.listed_amount + fee.in_flight_amount
