"""Closing what is open in a studio's ledger into a payout, once for each period."""

from dataclasses import dataclass
from datetime import date, datetime

from shared.clock import Clock, rfc3339
from shared.domain.payout import FIRST_POLL_DELAY, Payout, close, is_worth_closing
from shared.domain.studio import Studio
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.studios import Studios

# Settlements and imports move the same ledger; they are short.
_CONTENTION_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class ClosePayout:
    """Makes the payout that a studio is due.

    One transaction writes the payout, its ledger entry, the ledger's head and when the next payout
    is due, if none of them has moved. So a refund that settles meanwhile is either before the
    entry, and in this payout, or after it, and in the next:

        settle  read head (7) ───────────────► put entry 8 if head = 7 ✔
            close   read head (7) ─────────────────► put entry 8 if head = 7 ✘ reads again
                                                         put entry 9 if head = 8 ✔
    """

    studios: Studios
    ledger: PayoutStore
    payouts: PayoutsTable
    clock: Clock

    def __call__(self, studio_id: str) -> Payout | None:
        """Close the payout that is due, and return it.

        Returns:
            The new payout, or None where none is due (any more) or there is nothing to close.

        Raises:
            StaleStateError: Others kept moving the studio's ledger; it is due still.
        """
        for _ in tries(_CONTENTION_SECONDS):
            due_at, now = self.payouts.due_at(studio_id), self.clock()
            if due_at is None or due_at > rfc3339(now):
                return None
            try:
                return self._close(studio_id, due_at, now)
            except StaleStateError:
                continue
        raise StaleStateError

    def _close(self, studio_id: str, due_at: str, now: datetime) -> Payout | None:
        studio = self._studio(studio_id)
        head = self.ledger.load_head(studio_id)
        if head is None:
            raise LookupError(f"studio {studio_id} has no ledger")
        schedule, account_id = studio.payout_schedule, studio.payout_account_id
        next_due = rfc3339(schedule.next_due(now))
        if not is_worth_closing(head, account_id):
            self.payouts.skip(studio_id, due_at, next_due)
            return None
        closing = close(
            head,
            schedule.period(schedule.latest(now), self._paid_out_until(studio_id)),
            account_id,
            rfc3339(now),
            rfc3339(now + FIRST_POLL_DELAY),
        )
        self.ledger.record_payout(head, closing, due_at, next_due)
        return closing.payout

    def _studio(self, studio_id: str) -> Studio:
        studio = self.studios.get(studio_id)
        if studio is None:
            raise LookupError(f"studio {studio_id} is due and not there")
        return studio

    def _paid_out_until(self, studio_id: str) -> date | None:
        """Return the last day of the payout before, or None."""
        newest = self.payouts.newest(studio_id, 1)
        return date.fromisoformat(newest[0].period_end) if newest else None
