"""Resumes every refund and application fee refund that has not ended."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from functions.resume_pending.resume_refund import ResumeRefund
from functions.resume_pending.turns import Kind, in_turns
from shared.clock import Clock, rfc3339
from shared.domain.account_access import ACCOUNT_DISCONNECTED
from shared.domain.refund import Refund
from shared.edge.observability import logger
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.open_work import DueWork, OpenWorkIndex
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import FeeRefundQueue
from shared.workflow.announcers import ChargeAnnouncer
from shared.workflow.stripe_attempt import next_poll_time
from shared.workflow.transient_errors import TRANSIENT_ERRORS

_NOTHING_OPEN = "ResumeNothingOpen"


@dataclass(slots=True)
class Round:
    """What a round did.

    Attributes:
        done: How often each outcome occurred, by the name of its metric.
        oldest_seconds: The age of the oldest open refund.
        complete: Whether the round got to its end.
    """

    done: Counter[str] = field(default_factory=Counter)
    oldest_seconds: int = 0
    complete: bool = True


@dataclass(frozen=True, slots=True)
class ResumePending:
    """Polls all open refunds, fee refunds and charges, each at its own growing interval.

    The next time is stored before the work begins. So work on which the function dies is polled
    less and less often, and does not keep the rest waiting.
    """

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
        round_ = Round()
        due_before = rfc3339(self.clock()) if due_only else None
        kinds = (
            Kind(self.open_work.refunds, lambda work: self._refund(work, round_)),
            Kind(self.open_work.fee_refunds, self._fee_refund),
            Kind(self.open_work.charges, self._charge),
        )
        for kind, work in in_turns(kinds, due_before, self.clock):
            if time_is_up():
                round_.complete = False
                break
            round_.done[self._safely(kind, work)] += 1
        return round_

    def _safely(self, kind: Kind, work: DueWork) -> str:
        """Do a piece of work and return the outcome; an error does not keep the others waiting."""
        try:
            return kind.resume(work)
        except TRANSIENT_ERRORS as reason:
            logger.warning(
                "resume deferred",
                order_id=work.order.order_id,
                refund_id=work.refund_id,
                reason=str(reason) or type(reason).__name__,
            )
            return "ResumeDeferred"
        except Exception:  # noqa: BLE001  # logged and counted; one must not stop the others
            logger.exception(
                "cannot resume", order_id=work.order.order_id, refund_id=work.refund_id
            )
            return "ResumeFailed"

    def _refund(self, work: DueWork, round_: Round) -> str:
        refund = self.orders.get_refund(work.order, work.refund_id or "")
        if refund is None or not refund.is_open:
            return _NOTHING_OPEN
        # A studio that left is on the attention list. Its refunds raise no alarm while they wait.
        if refund.pending_reason != ACCOUNT_DISCONNECTED:
            round_.oldest_seconds = max(round_.oldest_seconds, self._age_seconds(refund))
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
        if fee is None or not fee.is_open:
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
        if state is None or not state.must_be_checked:
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
