"""Makes a payout that is due, or looks at a transfer that is due for a look."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from functions.run_payouts.book_reversal import BookReversal
from functions.run_payouts.close_payout import ClosePayout, NotClosed
from functions.run_payouts.resume_transfer import ResumeTransfer
from shared.clock import Clock, rfc3339
from shared.domain.payout import DUE, Payout, PayoutWork
from shared.domain.stops import Activity
from shared.edge.observability import logger, measure_seconds
from shared.gateways.payouts_table import PayoutsTable
from shared.workflow.current_stops import CurrentStops
from shared.workflow.stripe_attempt import next_poll_time
from shared.workflow.transient_errors import TRANSIENT_ERRORS

# The outcome while an operator has stopped payouts. What is due stays due, and an open payout stays
# as it is. Money that comes back is still entered.
STOPPED = "PayoutStopped"

# The metric of how long payouts have been due or open, in seconds.
PAYOUT_AGE = "PayoutAge"


@dataclass(frozen=True, slots=True)
class RunPayouts:
    """Makes and pays payouts, one thing of one studio at a time."""

    payouts: PayoutsTable
    close: ClosePayout
    resume_transfer: ResumeTransfer
    book_reversal: BookReversal
    stops: CurrentStops
    clock: Clock

    def __call__(self, work: PayoutWork) -> str:
        """Do one thing of a run, if it is still due.

        An error is logged and counted. The next run announces what is due then.

        Returns:
            The outcome, as the name of a metric.
        """
        if work.payout == DUE:
            return self._safely(work.studio_id, None, partial(self._make, work.studio_id))
        resume = partial(self._resume, work.studio_id, work.payout)
        return self._safely(work.studio_id, work.payout, resume)

    def pay_now(self, studio_id: str, because: str) -> tuple[str, str | None]:
        """Pay one studio everything up to now, between two payout days.

        Args:
            studio_id: The studio's id.
            because: Who asks for it, and why; no personal data.

        Returns:
            The outcome, as the name of a metric, and the payout's id or None.

        Raises:
            LookupError: There is no such studio.
            StaleStateError: Others kept changing the studio's ledger. Nothing was closed.
        """
        if self._are_stopped(studio_id):
            return STOPPED, None
        made = self.close.now(studio_id, because)
        if isinstance(made, NotClosed):
            return made.value, None
        outcome = self._safely(studio_id, made.payout_id, partial(self._pay, made))
        return outcome, made.payout_id

    def _make(self, studio_id: str) -> str:
        if self._are_stopped(studio_id):
            return STOPPED
        made = self.close(studio_id)
        return made.value if isinstance(made, NotClosed) else self._pay(made)

    def _pay(self, payout: Payout) -> str:
        logger.info(
            "payout closed",
            payout_id=payout.payout_id,
            total_amount=payout.total_amount,
            status=payout.status.value,
        )
        if not payout.is_open:
            return f"Payout{payout.status.value.capitalize()}"
        return self._looked_at(payout)

    def _resume(self, studio_id: str, payout_id: str) -> str:
        payout = self.payouts.get(studio_id, payout_id)
        if payout is None or payout.next_poll_at is None:
            return "PayoutNothingOpen"
        if payout.next_poll_at > rfc3339(self.clock()):  # another message has looked at it
            return "PayoutNothingOpen"
        if payout.is_open and self._are_stopped(studio_id):
            return STOPPED
        # Stored first, so that a payout on which the run dies is polled less and less often.
        next_poll_at = rfc3339(next_poll_time(payout.poll_count, self.clock()))
        payout = self.payouts.advance(
            replace(payout, poll_count=payout.poll_count + 1, next_poll_at=next_poll_at)
        )
        return self._looked_at(payout)

    def _are_stopped(self, studio_id: str) -> bool:
        return self.stops.load().find(Activity.PAYOUTS, studio_id) is not None

    def _looked_at(self, payout: Payout) -> str:
        if payout.is_open:
            closed_at = datetime.fromisoformat(payout.closed_at)
            measure_seconds(PAYOUT_AGE, (self.clock() - closed_at).total_seconds())
        look = self.resume_transfer if payout.is_open else self.book_reversal
        outcome = look(payout)
        logger.info("payout resumed", payout_id=payout.payout_id, outcome=outcome)
        return outcome

    def _safely(self, studio_id: str, payout_id: str | None, work: Callable[[], str]) -> str:
        try:
            return work()
        except TRANSIENT_ERRORS as reason:
            logger.warning(
                "payout deferred",
                studio_id=studio_id,
                payout_id=payout_id,
                reason=str(reason) or type(reason).__name__,
            )
            return "PayoutDeferred"
        except Exception:  # noqa: BLE001  # logged and counted; one must not stop the others
            logger.exception("cannot pay out", studio_id=studio_id, payout_id=payout_id)
            return "PayoutRunFailed"
