"""Resumes a refund, an application fee refund or a charge that has not ended."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from functions.resume_pending.resume_refund import ResumeRefund
from shared.clock import Clock, rfc3339
from shared.domain.account_access import ACCOUNT_DISCONNECTED
from shared.domain.due_work import CHARGE, FEE_REFUND, DueWork
from shared.domain.refund import Refund
from shared.edge.observability import logger
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import FeeRefundQueue
from shared.workflow.announcers import ChargeAnnouncer
from shared.workflow.stripe_attempt import next_poll_time
from shared.workflow.transient_errors import TRANSIENT_ERRORS

_NOTHING_OPEN = "ResumeNothingOpen"


@dataclass(frozen=True, slots=True)
class ResumePending:
    """Resumes one piece of open work, each at its own growing interval.

    The next time is stored before the work begins. So work on which the function dies is polled
    less and less often.
    """

    orders: OrdersTable
    fee_refunds: FeeRefunds
    resume_refund: ResumeRefund
    fee_refund_queue: FeeRefundQueue
    charge_queue: ChargeAnnouncer
    clock: Clock
    report_age: Callable[[int], None] = lambda _: None

    def __call__(self, work: DueWork) -> str:
        """Do a piece of work, unless it was done since it was announced.

        Each round announces what is still due. So a piece that waits in the queue for long comes
        again, and only the first message about it does something.

        An error is logged and counted. Most errors come after the next time is stored, and the
        piece is announced again then; otherwise the next round announces it.

        Returns:
            The outcome, as the name of a metric.
        """
        try:
            return self._resume(work)
        except TRANSIENT_ERRORS as reason:
            logger.warning(
                "resume deferred",
                order_id=work.order.order_id,
                task=work.task,
                reason=str(reason) or type(reason).__name__,
            )
            return "ResumeDeferred"
        except Exception:  # noqa: BLE001  # logged and counted; the next round tries it again
            logger.exception("cannot resume", order_id=work.order.order_id, task=work.task)
            return "ResumeFailed"

    def _resume(self, work: DueWork) -> str:
        if work.task == FEE_REFUND:
            return self._fee_refund(work)
        if work.task == CHARGE:
            return self._charge(work)
        return self._refund(work)

    def _refund(self, work: DueWork) -> str:
        refund = self.orders.get_refund(work.order, work.task)
        if refund is None or not refund.is_open or refund.next_poll_at != work.due_at:
            return _NOTHING_OPEN
        # A studio that left is on the attention list. Its refunds raise no alarm while they wait.
        if refund.pending_reason != ACCOUNT_DISCONNECTED:
            self.report_age(self._age_seconds(refund))
        logger.set_correlation_id(refund.correlation_id)
        next_poll_at = rfc3339(next_poll_time(refund.poll_count, self.clock()))
        refund = self.orders.advance_refund(
            replace(refund, poll_count=refund.poll_count + 1, next_poll_at=next_poll_at)
        )
        outcome = self.resume_refund(refund)
        logger.info(
            "refund resumed", refund_id=refund.refund_id, order_id=refund.order_id, outcome=outcome
        )
        return outcome

    def _fee_refund(self, work: DueWork) -> str:
        fee = self.fee_refunds.get(work.order)
        if fee is None or not fee.is_open or fee.next_poll_at != work.due_at:
            return _NOTHING_OPEN
        next_poll_at = rfc3339(next_poll_time(fee.poll_count, self.clock()))
        fee = self.fee_refunds.advance(
            replace(fee, poll_count=fee.poll_count + 1, next_poll_at=next_poll_at)
        )
        self.fee_refund_queue.announce(fee)
        return "FeeRefundAnnouncedAgain"

    def _charge(self, work: DueWork) -> str:
        """Have an order's charge read again."""
        state = self.orders.get_state(work.order)
        if state is None or not state.must_be_checked or state.next_check_at != work.due_at:
            return _NOTHING_OPEN
        next_check_at = rfc3339(next_poll_time(state.check_count, self.clock()))
        self.orders.update_state(
            replace(state, check_count=state.check_count + 1, next_check_at=next_check_at)
        )
        self.charge_queue.announce(work.order)
        return "ChargeAnnouncedAgain"

    def _age_seconds(self, refund: Refund) -> int:
        requested_at = datetime.fromisoformat(refund.requested_at)
        return int((self.clock() - requested_at).total_seconds())
