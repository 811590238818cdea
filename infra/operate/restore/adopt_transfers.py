"""Enters the payouts that a restore lost, from their transfers at Stripe."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.clock import Clock, rfc3339
from shared.domain.payout import last_day_of_payout, studio_of_payout
from shared.domain.payout_booking import Closing, restore_payout
from shared.domain.payout_schedule import PayoutPeriod
from shared.domain.stripe_transfer import StripeTransfer
from shared.domain.studio import Studio
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.studios import Studios

_CONTENTION_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class AdoptTransfers:
    """Enters a payout for each transfer that the ledger lacks, with Stripe's amount.

    Must end before the payout run starts again, which would pay them a second time.
    """

    studios: Studios
    ledger: PayoutStore
    entries: LedgerEntries
    payouts: PayoutsTable
    clock: Clock

    def __call__(self, transfers: list[StripeTransfer]) -> Counter[str]:
        """Enter the missing payouts and return the outcomes, counted. Repeating changes nothing.

        Args:
            transfers: Stripe's transfers, oldest first. Those of no payout are skipped.
        """
        return Counter(self._adopt(transfer) for transfer in transfers)

    def _adopt(self, transfer: StripeTransfer) -> str:
        payout_id = transfer.group or ""
        studio_id, last_day = studio_of_payout(payout_id), last_day_of_payout(payout_id)
        if studio_id is None or last_day is None:
            return "TransferOfNoPayout"
        if transfer.is_fully_reversed:
            # The studio kept nothing of it, so the money is still in its balance.
            return "TransferCameBack"
        for _ in tries(_CONTENTION_SECONDS):
            if self.payouts.get(studio_id, payout_id) is not None:
                return "PayoutKnown"
            try:
                return self._enter(studio_id, last_day, transfer)
            except StaleStateError:
                continue
        raise StaleStateError

    def _enter(self, studio_id: str, last_day: date, transfer: StripeTransfer) -> str:
        head, due_at = self.ledger.load_head(studio_id), self.payouts.due_at(studio_id)
        studio = self.studios.get(studio_id)
        if head is None or due_at is None or studio is None:
            return "TransferOfUnknownStudio"
        schedule, now = studio.payout_schedule, rfc3339(self.clock())
        end = schedule.begins(last_day + timedelta(days=1))
        period = self._period(studio, min(rfc3339(end), now))
        closing = Closing(transfer.group or "", period, head.seq, head.payable_balance_amount, now)
        booking = restore_payout(head, closing, transfer, now)
        next_due = max(due_at, rfc3339(schedule.next_due(end)))
        self.ledger.record_payout(head, booking, due_at, next_due)
        return "PayoutAdopted"

    def _period(self, studio: Studio, ended_at: str) -> PayoutPeriod:
        """Return the period of a lost payout. The entries of its time may be entered late."""
        previous = self.payouts.last(studio.studio_id)
        if previous is not None:
            started_at = previous.period_ended_at
        else:
            first = self.entries.get(studio.studio_id, 1)
            recorded_at = datetime.fromisoformat(first.recorded_at if first else ended_at)
            started_at = rfc3339(studio.payout_schedule.day_start(recorded_at))
        return PayoutPeriod(min(started_at, ended_at), ended_at, studio.zone)
