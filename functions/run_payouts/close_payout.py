"""Closes the entries of a studio's period into a payout, once for each period."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.clock import Clock, rfc3339
from shared.domain.ledger import LedgerHead
from shared.domain.payout import (
    FIRST_POLL_DELAY,
    MOST_PER_DAY,
    Payout,
    TooManyPayoutsError,
    payout_id_of,
)
from shared.domain.payout_booking import Booking, Closing, close, is_worth_closing, next_period
from shared.domain.payout_hold import PayoutHold
from shared.domain.payout_schedule import PayoutPeriod
from shared.domain.studio import Studio
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.studios import Studios
from shared.workflow.account_watch import AccountWatch

# Settlements and imports change the same ledger; each takes well under a second.
_CONTENTION_SECONDS = 15.0

_CONNECTED_AGAIN = "the account is connected again"


class NotClosed(StrEnum):
    """Why no payout was made. The values are names of metrics."""

    NOTHING_DUE = "PayoutNothingDue"
    NO_ACCOUNT = "PayoutWithoutAccount"
    ON_HOLD = "PayoutOnHold"
    STUDIO_CLOSED = "PayoutStudioClosed"
    TOO_MANY = "PayoutTooMany"


@dataclass(frozen=True, slots=True)
class ClosePayout:
    """Closes a studio's payout, on a payout day or between two.

    One transaction writes the payout, its ledger entry, the ledger's head and the next due time, if
    none of them has changed. So a refund that settles meanwhile is either before the entry and in
    this payout, or after it and in the next payout:

        settle  read head (7) ───────────────► put entry 8 if head = 7 ✔
            close   read head (7) ─────────────────► put entry 8 if head = 7 ✘ reads again
                                                         put entry 9 if head = 8 ✔

    A studio that cannot be paid gets no payout, and so no statement that pays nothing. What it is
    owed stays open. The first payout afterwards has it.

    Attributes:
        held_amount: Returns what a studio's open disputes may still take, by its id.
    """

    studios: Studios
    ledger: PayoutStore
    entries: LedgerEntries
    payouts: PayoutsTable
    holds: PayoutHolds
    held_amount: Callable[[str], int]
    accounts: AccountWatch
    clock: Clock

    def __call__(self, studio_id: str) -> Payout | NotClosed:
        """Close the payout that is due: what was recorded before the latest payout day.

        Returns:
            The new payout, or why there is none.

        Raises:
            StaleStateError: Others kept changing the studio's ledger. The payout is still due.
        """
        for _ in tries(_CONTENTION_SECONDS):
            due_at, now = self.payouts.due_at(studio_id), self.clock()
            if due_at is None or due_at > rfc3339(now):
                return NotClosed.NOTHING_DUE
            try:
                self._release_if_connected(studio_id, due_at)
                return self._close_due(studio_id, due_at, now)
            except StaleStateError:
                continue
        raise StaleStateError

    def now(self, studio_id: str, because: str) -> Payout | NotClosed:
        """Close everything up to now, also of a closed studio. The next payout stays due.

        Args:
            studio_id: The studio's id.
            because: Who asks for it, and why; no personal data.

        Raises:
            StaleStateError: Others kept changing the studio's ledger. Nothing was closed.
            LookupError: There is no such studio.
        """
        for _ in tries(_CONTENTION_SECONDS):
            due_at, now = self.payouts.due_at(studio_id), self.clock()
            studio, head = self._load(studio_id)
            if due_at is None:
                raise LookupError(f"studio {studio_id} is never due")
            made = self._book(studio, head, rfc3339(now), because)
            if isinstance(made, NotClosed):
                return made
            try:
                self.ledger.record_payout(head, made, due_at, due_at)
            except StaleStateError:
                continue
            return made.payout
        raise StaleStateError

    def _close_due(self, studio_id: str, due_at: str, now: datetime) -> Payout | NotClosed:
        studio, head = self._load(studio_id)
        schedule = studio.payout_schedule
        next_due = rfc3339(schedule.next_due(now))
        made: Booking | NotClosed = NotClosed.STUDIO_CLOSED
        if not studio.is_closed:
            made = self._book(studio, head, rfc3339(schedule.latest_end(now)))
        if isinstance(made, NotClosed):
            self.payouts.skip(studio_id, due_at, next_due)
            return made
        self.ledger.record_payout(head, made, due_at, next_due)
        return made.payout

    def _release_if_connected(self, studio_id: str, due_at: str) -> None:
        """Release a hold if its account had left and is connected again since."""
        hold = self.holds.active(studio_id)
        if hold is None or hold.account_id is None:
            return
        self.accounts.recheck_safely(hold.account_id)
        if self._came_back(hold, hold.account_id):
            released = hold.released(_CONNECTED_AGAIN, rfc3339(self.clock()))
            self.holds.release(released, due_at, due_at)

    def _came_back(self, hold: PayoutHold, account_id: str) -> bool:
        access = self.accounts.accesses.get(account_id)
        return (
            access is not None
            and access.connected_at is not None
            and access.connected_at > hold.held_at
        )

    def _load(self, studio_id: str) -> tuple[Studio, LedgerHead]:
        studio, head = self.studios.get(studio_id), self.ledger.load_head(studio_id)
        if studio is None or head is None:
            raise LookupError(f"there is no studio {studio_id}, or it has no ledger")
        return studio, head

    def _book(
        self, studio: Studio, head: LedgerHead, ended_at: str, because: str | None = None
    ) -> Booking | NotClosed:
        """Return the payout of the entries before a time, or why there is none."""
        if studio.payout_account_id is None:
            return NotClosed.NO_ACCOUNT
        if self.holds.active(studio.studio_id):
            return NotClosed.ON_HOLD
        previous = self.payouts.last(studio.studio_id)
        period = self._period(studio, previous, ended_at)
        try:
            closing = self._closing(head, previous, period, because) if period else None
        except TooManyPayoutsError:
            return NotClosed.TOO_MANY
        if closing is None:
            return NotClosed.NOTHING_DUE
        held = self.held_amount(studio.studio_id) if studio.hold_disputed else 0
        if not is_worth_closing(head, closing, previous, held):
            return NotClosed.NOTHING_DUE
        return close(head, closing, studio.payout_account_id, rfc3339(self.clock()), held)

    def _period(
        self, studio: Studio, previous: Payout | None, ended_at: str
    ) -> PayoutPeriod | None:
        began_at = ""
        if previous is None:
            first = self.entries.get(studio.studio_id, 1)
            if first is None:
                return None
            recorded_at = datetime.fromisoformat(first.recorded_at)
            began_at = rfc3339(studio.payout_schedule.day_start(recorded_at))
        return next_period(previous, began_at, ended_at, studio.zone)

    def _closing(
        self, head: LedgerHead, previous: Payout | None, period: PayoutPeriod, because: str | None
    ) -> Closing | None:
        # The schedule needs a number, too, when the day is over.
        most = MOST_PER_DAY if because is None else MOST_PER_DAY - 1
        payout_id = payout_id_of(head.studio_id, period, previous, most)
        last = self.entries.last_before(head.studio_id, period.ended_at, head.seq)
        if last is None:
            return None
        return Closing(
            payout_id,
            period,
            last.seq,
            last.payable_balance_amount,
            rfc3339(self.clock() + FIRST_POLL_DELAY),
            because,
        )
