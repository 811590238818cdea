"""One run: every payout that is due, then every transfer that has not ended."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from functions.run_payouts.carry_on_transfer import CarryOnTransfer
from functions.run_payouts.close_payout import ClosePayout
from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.payout import Payout
from shared.edge.observability import logger
from shared.gateways.conflict import StaleStateError
from shared.gateways.payouts_table import PayoutKey, PayoutsTable
from shared.workflow.attempts import next_poll_time

# What passes by itself or with the next run; anything else is a fault, logged and counted.
_TRANSIENT_ERRORS = (StripeOutcomeUnknownError, StripeRefusedError, StaleStateError)

type Work = tuple[str, str | None, Callable[[], str]]


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did: how often what, and whether it got to the end."""

    done: Counter[str]
    complete: bool


@dataclass(frozen=True, slots=True)
class RunPayouts:
    """Makes and pays the payouts; one studio's failure does not touch another's."""

    payouts: PayoutsTable
    close: ClosePayout
    carry_on: CarryOnTransfer
    clock: Clock

    def __call__(self, *, time_is_up: Callable[[], bool]) -> Run:
        """Do one run.

        Args:
            time_is_up: Whether to stop, so that the run ends before the function does; what is
                left is due still, and the next run goes on with it.
        """
        done: Counter[str] = Counter()
        for studio_id, payout_id, work in self._work(rfc3339(self.clock())):
            if time_is_up():
                return Run(done, complete=False)
            done[self._safely(studio_id, payout_id, work)] += 1
        return Run(done, complete=True)

    def _work(self, now: str) -> Iterator[Work]:
        for studio_id in self.payouts.due(now):
            yield studio_id, None, partial(self._make, studio_id)
        for each in self.payouts.open(now):
            yield each.studio_id, each.payout_id, partial(self._resume, each)

    def _make(self, studio_id: str) -> str:
        payout = self.close(studio_id)
        if payout is None:
            return "PayoutNothingDue"
        logger.info(
            "payout closed",
            payout_id=payout.payout_id,
            total_amount=payout.total_amount,
            status=payout.status.value,
        )
        if not payout.is_open:
            return f"Payout{payout.status.value.capitalize()}"
        return self._carried_on(payout)

    def _resume(self, open_payout: PayoutKey) -> str:
        payout = self.payouts.get(open_payout.studio_id, open_payout.payout_id)
        if payout is None or not payout.is_open:
            return "PayoutNothingOpen"
        # Written first: a run that dies on this payout has it looked at ever more seldom.
        due = rfc3339(next_poll_time(payout.poll_count, self.clock()))
        payout = self.payouts.advance(
            replace(payout, poll_count=payout.poll_count + 1, next_poll_at=due)
        )
        return self._carried_on(payout)

    def _carried_on(self, payout: Payout) -> str:
        outcome = self.carry_on(payout)
        logger.info("payout carried on", payout_id=payout.payout_id, outcome=outcome)
        return outcome

    def _safely(self, studio_id: str, payout_id: str | None, work: Callable[[], str]) -> str:
        try:
            return work()
        except _TRANSIENT_ERRORS as reason:
            logger.warning(
                "not now",
                studio_id=studio_id,
                payout_id=payout_id,
                reason=str(reason) or type(reason).__name__,
            )
            return "PayoutDeferred"
        except Exception:  # noqa: BLE001  # logged and counted; one must not stop the others
            logger.exception("cannot pay out", studio_id=studio_id, payout_id=payout_id)
            return "PayoutRunFailed"
