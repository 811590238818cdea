"""Lets the payout run look at a payout's transfer again, because money came back of it."""

from dataclasses import dataclass, replace

from shared.clock import Clock, rfc3339
from shared.domain.payout import PayoutStatus, studio_of_payout
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.payouts_table import PayoutsTable

# The payout run changes the same payout; each write takes well under a second.
_CONTENTION_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class MarkTransfer:
    """Makes a payout due for the next payout run, in one conditional write.

    Only the payout run writes payouts to the ledger. It reads the transfer at Stripe and enters
    what the ledger lacks. So the mark holds no amount, and repeating it does no harm.
    """

    payouts: PayoutsTable
    clock: Clock

    def __call__(self, payout_id: str) -> str:
        """Mark a payout, and return the outcome, as the name of a metric.

        Args:
            payout_id: The transfer's group.

        Raises:
            StaleStateError: Others kept changing the payout.
        """
        studio_id = studio_of_payout(payout_id)
        if studio_id is None:
            return "TransferOfNoPayout"
        for _ in tries(_CONTENTION_SECONDS):
            payout = self.payouts.get(studio_id, payout_id)
            if payout is None:
                return "TransferOfUnknownPayout"
            if not payout.is_open and payout.status is not PayoutStatus.PAID:
                return "TransferNotCounted"  # the balance has its money already
            at = rfc3339(self.clock())
            try:
                self.payouts.advance(replace(payout, next_poll_at=at, poll_count=0))
            except StaleStateError:
                continue
            return "TransferMarked"
        raise StaleStateError
