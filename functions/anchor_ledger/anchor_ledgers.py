"""Anchoring the ledgers of many studios in one run."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from functions.anchor_ledger.anchor_ledger import AnchorLedger, AnchorMismatchError, AnchorOutcome
from shared.edge.observability import logger

# Counted in every run, also as 0, so that an alarm notices when no run happens.
LEFT = "LedgersNotAnchored"
MISMATCH = "AnchorMismatch"


@dataclass(frozen=True, slots=True)
class AnchorLedgers:
    """Anchors studios' ledgers. One studio's failure does not affect another."""

    anchor: AnchorLedger

    def __call__(
        self,
        studios: Iterable[str],
        *,
        time_is_up: Callable[[], bool],
        restored_because: str | None = None,
    ) -> Counter[str]:
        """Do one run and return how often each result came. The next run does what is left.

        Args:
            studios: The studios' ids.
            time_is_up: Whether to stop, so that the run ends before the function times out.
            restored_because: Set this to record that ledgers were restored instead of anchoring
                them: who restored them, and why.
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
            logger.error(
                "ledger does not match its anchor", studio_id=studio_id, problem=str(mismatch)
            )
            return MISMATCH
        except Exception:  # noqa: BLE001  # logged and counted; one studio must not stop the others
            logger.exception("anchoring failed", studio_id=studio_id)
            return LEFT
        if outcome is AnchorOutcome.ANCHORED:
            logger.info("ledger anchored", studio_id=studio_id)
        return outcome.value
