"""Anchoring ledgers so that one studio's failure does not affect another."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from functions.anchor_ledger.anchor_ledger import AnchorLedger, AnchorMismatchError, AnchorOutcome
from shared.domain.anchor import AnchorWork
from shared.edge.observability import logger

FAILED = "LedgerAnchorFailed"
MISMATCH = "AnchorMismatch"


@dataclass(frozen=True, slots=True)
class AnchorLedgers:
    """Anchors studios' ledgers, and turns each studio's error into an outcome."""

    anchor: AnchorLedger

    def one(self, work: AnchorWork, *, time_is_up: Callable[[], bool]) -> str:
        """Anchor one ledger, and return the outcome, as the name of a metric.

        A ledger that could not be anchored is still due, and the next run announces it.
        """
        return self._safely(work.studio_id, partial(self.anchor, work, time_is_up=time_is_up))

    def these(
        self,
        studios: Iterable[str],
        *,
        time_is_up: Callable[[], bool],
        restored_because: str | None = None,
    ) -> Counter[str]:
        """Anchor ledgers one after the other, and return how often each outcome came.

        Args:
            studios: The studios' ids.
            time_is_up: Whether to stop, so that the run ends before the function times out.
            restored_because: Set this to record that ledgers were restored instead of anchoring
                them: who restored them, and why.
        """
        done: Counter[str] = Counter()
        for studio_id in studios:
            if time_is_up():
                done[FAILED] += 1
            elif restored_because is not None:
                work = partial(self.anchor.restored, studio_id, restored_because)
                done[self._safely(studio_id, work)] += 1
            else:
                done[self.one(AnchorWork(studio_id), time_is_up=time_is_up)] += 1
        return done

    def _safely(self, studio_id: str, work: Callable[[], AnchorOutcome]) -> str:
        try:
            outcome = work()
        except AnchorMismatchError as mismatch:
            logger.error(
                "ledger does not match its anchor", studio_id=studio_id, problem=str(mismatch)
            )
            return MISMATCH
        except Exception:  # noqa: BLE001  # logged and counted; one studio must not stop the others
            logger.exception("anchoring failed", studio_id=studio_id)
            return FAILED
        if outcome is AnchorOutcome.ANCHORED:
            logger.info("ledger anchored", studio_id=studio_id)
        return outcome.value
