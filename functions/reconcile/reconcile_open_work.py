"""One round over everything that has not ended."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from functions.reconcile.carry_on_refund import CarryOnRefund
from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.refund import Refund
from shared.edge.observability import logger
from shared.gateways import items
from shared.gateways.conflict import StaleStateError
from shared.gateways.orders_table import OpenWork, OrdersTable
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
        for kind in (items.OPEN_REFUND, items.OPEN_FEE_REFUND):
            for work in self.orders.open_work(kind, due_before):
                if time_is_up():
                    return Round(done, oldest, complete=False)
                outcome, age = self._look_at(work)
                done[outcome] += 1
                oldest = max(oldest, age)
        return Round(done, oldest, complete=True)

    def _look_at(self, work: OpenWork) -> tuple[str, int]:
        """Look at one of them; one that fails does not keep the others waiting.

        Returns:
            What was done, and how old the refund is in seconds.
        """
        if work.refund_id is None:
            return self._safely(work, lambda: self._fee_refund(work.order_id)), 0
        refund = self.orders.get_refund(work.order_id, work.refund_id)
        if refund is None or not refund.is_open:
            return "ReconcileNothingOpen", 0
        age = self._age(refund.requested_at)
        return self._safely(work, lambda: self._refund(refund)), age

    def _safely(self, work: OpenWork, look: Callable[[], str]) -> str:
        try:
            return look()
        except _TRANSIENT_ERRORS as reason:
            logger.warning(
                "not now",
                order_id=work.order_id,
                refund_id=work.refund_id,
                reason=type(reason).__name__,
            )
            return "ReconcileDeferred"
        except Exception:  # noqa: BLE001  # logged and counted; one must not stop the others
            logger.exception("cannot carry on", order_id=work.order_id, refund_id=work.refund_id)
            return "ReconcileFailed"

    def _refund(self, refund: Refund) -> str:
        logger.set_correlation_id(refund.correlation_id)
        try:
            outcome = self.carry_on(refund)
        finally:
            self._look_again_later(refund.order_id, refund.refund_id)
        logger.info(
            "carried on", refund_id=refund.refund_id, order_id=refund.order_id, outcome=outcome
        )
        return outcome

    def _look_again_later(self, order_id: str, refund_id: str) -> None:
        refund = self.orders.get_refund(order_id, refund_id)
        if refund is None or not refund.is_open:
            return
        due = rfc3339(next_poll_time(refund.poll_count, self.clock()))
        try:
            self.orders.advance_refund(
                replace(refund, poll_count=refund.poll_count + 1, next_poll_at=due)
            )
        except StaleStateError:
            logger.info("moved on meanwhile", refund_id=refund_id)

    def _fee_refund(self, order_id: str) -> str:
        fee = self.orders.get_fee_refund(order_id)
        if fee is None or not fee.is_open:
            return "ReconcileNothingOpen"
        due = rfc3339(next_poll_time(fee.poll_count, self.clock()))
        fee = self.orders.advance_fee_refund(
            replace(fee, poll_count=fee.poll_count + 1, next_poll_at=due)
        )
        self.fee_refunds.announce(fee)
        return "FeeRefundAnnouncedAgain"

    def _age(self, requested_at: str) -> int:
        return int((self.clock() - datetime.fromisoformat(requested_at)).total_seconds())
