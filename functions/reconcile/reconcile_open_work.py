"""One round over everything that has not ended."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from functions.reconcile.carry_on_refund import CarryOnRefund
from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.order import OrderKey
from shared.domain.refund import Refund
from shared.edge.observability import logger
from shared.gateways.conflict import StaleStateError
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.open_work import OpenWorkIndex
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import FeeRefundQueue
from shared.workflow.attempts import next_poll_time

# What passes by itself or with the next round; anything else is a fault, logged and counted.
_TRANSIENT_ERRORS = (StripeOutcomeUnknownError, StripeRefusedError, StaleStateError)


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did: how often what, and the age of the oldest open refund in seconds."""

    done: Counter[str]
    oldest_seconds: int
    complete: bool


@dataclass(frozen=True, slots=True)
class ReconcileOpenWork:
    """Looks at all open refunds and fee refunds, each at its own growing interval."""

    orders: OrdersTable
    fee_records: FeeRefunds
    open_work: OpenWorkIndex
    carry_on: CarryOnRefund
    fee_refunds: FeeRefundQueue
    clock: Clock

    def __call__(self, *, due_only: bool, time_is_up: Callable[[], bool]) -> Round:
        """Do one round.

        Args:
            due_only: Only what is due to be looked at; otherwise everything that is open.
            time_is_up: Whether to stop, so that the round ends before the function does; the
                next round goes on with what has been due longest.
        """
        done: Counter[str] = Counter()
        oldest = 0
        due_before = rfc3339(self.clock()) if due_only else None
        for key in self.open_work.refunds(due_before):
            if time_is_up():
                return Round(done, oldest, complete=False)
            refund = self.orders.get_refund(key.order, key.refund_id)
            if refund is None or not refund.is_open:
                done["ReconcileNothingOpen"] += 1
                continue
            oldest = max(oldest, self._age(refund.requested_at))
            done[self._safely(key.order, key.refund_id, partial(self._refund, refund))] += 1
        for order in self.open_work.fee_refunds(due_before):
            if time_is_up():
                return Round(done, oldest, complete=False)
            done[self._safely(order, None, partial(self._fee_refund, order))] += 1
        return Round(done, oldest, complete=True)

    def _safely(self, order: OrderKey, refund_id: str | None, look: Callable[[], str]) -> str:
        """Look at one of them; one that fails does not keep the others waiting."""
        try:
            return look()
        except _TRANSIENT_ERRORS as reason:
            logger.warning(
                "not now",
                order_id=order.order_id,
                refund_id=refund_id,
                reason=type(reason).__name__,
            )
            return "ReconcileDeferred"
        except Exception:  # noqa: BLE001  # logged and counted; one must not stop the others
            logger.exception("cannot carry on", order_id=order.order_id, refund_id=refund_id)
            return "ReconcileFailed"

    def _refund(self, refund: Refund) -> str:
        logger.set_correlation_id(refund.correlation_id)
        try:
            outcome = self.carry_on(refund)
        finally:
            self._look_again_later(refund.order_key, refund.refund_id)
        logger.info(
            "carried on", refund_id=refund.refund_id, order_id=refund.order_id, outcome=outcome
        )
        return outcome

    def _look_again_later(self, order: OrderKey, refund_id: str) -> None:
        refund = self.orders.get_refund(order, refund_id)
        if refund is None or not refund.is_open:
            return
        due = rfc3339(next_poll_time(refund.poll_count, self.clock()))
        try:
            self.orders.advance_refund(
                replace(refund, poll_count=refund.poll_count + 1, next_poll_at=due)
            )
        except StaleStateError:
            logger.info("moved on meanwhile", refund_id=refund_id)

    def _fee_refund(self, order: OrderKey) -> str:
        fee = self.fee_records.get(order)
        if fee is None or not fee.is_open:
            return "ReconcileNothingOpen"
        due = rfc3339(next_poll_time(fee.poll_count, self.clock()))
        fee = self.fee_records.advance(
            replace(fee, poll_count=fee.poll_count + 1, next_poll_at=due)
        )
        self.fee_refunds.announce(fee)
        return "FeeRefundAnnouncedAgain"

    def _age(self, requested_at: str) -> int:
        return int((self.clock() - datetime.fromisoformat(requested_at)).total_seconds())
