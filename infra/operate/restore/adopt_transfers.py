"""Enters the payouts that a restore lost, from their transfers at Stripe."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from shared.clock import Clock, rfc3339
from shared.domain.payout import last_day_of_payout, restore_payout, studio_of_payout
from shared.domain.stripe_transfer import StripeTransfer
from shared.gateways.conflict import StaleStateError, tries
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
        schedule, payout_day = studio.payout_schedule, last_day + timedelta(days=1)
        period = schedule.period(payout_day, self._paid_out_until(studio_id))
        next_due = max(due_at, rfc3339(schedule.begins(schedule.following(payout_day))))
        self.ledger.record_payout(
            head,
            restore_payout(head, period, transfer, rfc3339(self.clock())),
            due_at,
            next_due,
        )
        return "PayoutAdopted"

    def _paid_out_until(self, studio_id: str) -> date | None:
        newest = self.payouts.newest(studio_id, 1)
        return date.fromisoformat(newest[0].period_end) if newest else None
