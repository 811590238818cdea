"""One run over many studios."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from functions.anchor_ledger.anchor_ledger import AnchorLedger, AnchorMismatchError, AnchorOutcome
from shared.edge.observability import logger

# Of every run, so that silence is an alarm too.
LEFT = "LedgersNotAnchored"
MISMATCH = "AnchorMismatch"


@dataclass(frozen=True, slots=True)
class AnchorLedgers:
    """Anchors studios' ledgers; one studio's failure does not touch another's."""

    anchor: AnchorLedger

    def __call__(
        self,
        studios: Iterable[str],
        *,
        time_is_up: Callable[[], bool],
        restored_because: str | None = None,
    ) -> Counter[str]:
        """Do one run, and return what was done, counted; what is left is done by the next.

        Args:
            studios: Whose.
            time_is_up: Whether to stop, so that the run ends before the function does.
            restored_because: Instead of today's anchors, record that ledgers were restored.
        """
        done: Counter[str] = Counter({LEFT: 0})
        for studio_id in studios:
            work = partial(self.anchor, studio_id)
            if restored_because is not None:
                work = partial(self.anchor.restored, studio_id, restored_because)
            done[LEFT if time_is_up() else self._safely(studio_id, work)] += 1
        return done

    def _safely(self, studio_id: str, work: Callable[[], AnchorOutcome]) -> str:
        try:
            outcome = work()
        except AnchorMismatchError as mismatch:
            logger.error("not as anchored", studio_id=studio_id, problem=str(mismatch))
            return MISMATCH
        except Exception:  # noqa: BLE001  # logged and counted; one must not stop the others
            logger.exception("cannot anchor", studio_id=studio_id)
            return LEFT
        if outcome is AnchorOutcome.ANCHORED:
            logger.info("anchored", studio_id=studio_id)
        return outcome.value
