"""Releases a studio's payouts from a hold."""

from dataclasses import dataclass

from shared.clock import Clock, rfc3339
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.payouts_table import PayoutsTable

_CONTENTION_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class ReleasePayouts:
    """Releases the hold, so that the next run pays everything that is due."""

    holds: PayoutHolds
    payouts: PayoutsTable
    clock: Clock

    def __call__(self, studio_id: str, because: str) -> str:
        """Release a studio's payouts, and return the outcome, as the name of a metric.

        Args:
            studio_id: The studio's id.
            because: Who releases them, and why; no personal data.

        Raises:
            LookupError: There is no such studio.
            StaleStateError: Others kept changing the hold.
        """
        for _ in tries(_CONTENTION_SECONDS):
            due_at, hold = self.payouts.due_at(studio_id), self.holds.active(studio_id)
            if due_at is None:
                raise LookupError(f"there is no studio {studio_id}")
            if hold is None:
                return "PayoutsNotOnHold"
            now = rfc3339(self.clock())
            try:
                self.holds.release(hold.released(because, now), due_at, min(due_at, now))
            except StaleStateError:
                continue
            return "PayoutsReleased"
        raise StaleStateError
