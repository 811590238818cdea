"""Resumes every refund and application fee refund that has not ended."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from functions.resume_pending.resume_refund import ResumeRefund
from shared.clock import Clock, rfc3339
from shared.domain.order import OrderKey
from shared.domain.refund import Refund
from shared.edge.observability import logger
from shared.gateways.conflict import StaleStateError
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.open_work import OpenWorkIndex
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import FeeRefundQueue
from shared.workflow.announcers import ChargeAnnouncer
from shared.workflow.stripe_attempt import next_poll_time
from shared.workflow.transient_errors import TRANSIENT_ERRORS


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did.

    Attributes:
        done: How often each outcome occurred, by the name of its metric.
        oldest_seconds: The age of the oldest open refund.
        complete: Whether the round got to its end.
    """

    done: Counter[str]
    oldest_seconds: int
    complete: bool


@dataclass(frozen=True, slots=True)
class ResumePending:
    """Polls all open refunds, fee refunds and charges, each at its own growing interval."""

    orders: OrdersTable
    fee_refunds: FeeRefunds
    open_work: OpenWorkIndex
    resume_refund: ResumeRefund
    fee_refund_queue: FeeRefundQueue
    charge_queue: ChargeAnnouncer
    clock: Clock

    def __call__(self, *, due_only: bool, time_is_up: Callable[[], bool]) -> Round:
        """Do one round.

        Args:
            due_only: Whether to resume only what is due, or everything that is open.
            time_is_up: Whether to stop, so that the round ends before the function times out. The
                next round begins with what has been due longest.
        """
        done: Counter[str] = Counter()
        oldest = 0
        due_before = rfc3339(self.clock()) if due_only else None
        for key in self.open_work.refunds(due_before):
            if time_is_up():
                return Round(done, oldest, complete=False)
            refund = self.orders.get_refund(key.order, key.refund_id)
            if refund is None or not refund.is_open:
                done["ResumeNothingOpen"] += 1
                continue
            oldest = max(oldest, self._age_seconds(refund.requested_at))
            done[self._safely(key.order, key.refund_id, partial(self._refund, refund))] += 1
        for order in self.open_work.fee_refunds(due_before):
            if time_is_up():
                return Round(done, oldest, complete=False)
            done[self._safely(order, None, partial(self._fee_refund, order))] += 1
        for order in self.open_work.charges(due_before):
            if time_is_up():
                return Round(done, oldest, complete=False)
            done[self._safely(order, None, partial(self._charge, order))] += 1
        return Round(done, oldest, complete=True)

    def _safely(self, order: OrderKey, refund_id: str | None, resume: Callable[[], str]) -> str:
        """Resume one refund and return the outcome; an error does not keep the others waiting."""
        try:
            return resume()
        except TRANSIENT_ERRORS as reason:
            logger.warning(
                "resume deferred",
                order_id=order.order_id,
                refund_id=refund_id,
                reason=type(reason).__name__,
            )
            return "ResumeDeferred"
        except Exception:  # noqa: BLE001  # logged and counted; one must not stop the others
            logger.exception("cannot resume", order_id=order.order_id, refund_id=refund_id)
            return "ResumeFailed"

    def _refund(self, refund: Refund) -> str:
        logger.set_correlation_id(refund.correlation_id)
        try:
            outcome = self.resume_refund(refund)
        finally:
            self._poll_later(refund.order_key, refund.refund_id)
        logger.info(
            "refund resumed", refund_id=refund.refund_id, order_id=refund.order_id, outcome=outcome
        )
        return outcome

    def _poll_later(self, order: OrderKey, refund_id: str) -> None:
        refund = self.orders.get_refund(order, refund_id)
        if refund is None or not refund.is_open:
            return
        next_poll_at = rfc3339(next_poll_time(refund.poll_count, self.clock()))
        try:
            self.orders.advance_refund(
                replace(refund, poll_count=refund.poll_count + 1, next_poll_at=next_poll_at)
            )
        except StaleStateError:
            logger.info("refund changed meanwhile", refund_id=refund_id)

    def _fee_refund(self, order: OrderKey) -> str:
        fee = self.fee_refunds.get(order)
        if fee is None or not fee.is_open:
            return "ResumeNothingOpen"
        next_poll_at = rfc3339(next_poll_time(fee.poll_count, self.clock()))
        fee = self.fee_refunds.advance(
            replace(fee, poll_count=fee.poll_count + 1, next_poll_at=next_poll_at)
        )
        self.fee_refund_queue.announce(fee)
        return "FeeRefundAnnouncedAgain"

    def _charge(self, order: OrderKey) -> str:
        """Have an order's charge read again. The next time is stored first."""
        state = self.orders.get_state(order)
        if state is None or not state.must_be_checked:
            return "ResumeNothingOpen"
        next_check_at = rfc3339(next_poll_time(state.check_count, self.clock()))
        self.orders.update_state(
            replace(state, check_count=state.check_count + 1, next_check_at=next_check_at)
        )
        self.charge_queue.announce(order)
        return "ChargeAnnouncedAgain"

    def _age_seconds(self, requested_at: str) -> int:
        return int((self.clock() - datetime.fromisoformat(requested_at)).total_seconds())
