"""Enters in the ledger what came back of a payout's transfer."""

from dataclasses import dataclass, replace

from shared.clock import Clock, rfc3339
from shared.domain.payout import Payout
from shared.domain.payout_booking import reverse
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.stripe.transfers import StripeTransfers

# Settlements and imports change the same ledger; each takes well under a second.
_CONTENTION_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class BookReversal:
    """Compares a paid payout with its transfer, and enters what came back since the last time.

    The transfer at Stripe decides, not an event. So events may repeat and come in any order.
    """

    ledger: PayoutStore
    payouts: PayoutsTable
    stripe: StripeTransfers
    clock: Clock

    def __call__(self, payout: Payout) -> str:
        """Enter what came back, and return the outcome, as the name of a metric.

        Raises:
            StripeRefusedError, StripeOutcomeUnknownError: Stripe did not answer. The next run goes
                on from here.
            StaleStateError: Another run changed the payout, or others kept changing the ledger.
        """
        if payout.transfer_id is None:
            raise LookupError(f"payout {payout.payout_id} is {payout.status} without a transfer")
        transfer = self.stripe.get(payout.transfer_id)
        for _ in tries(_CONTENTION_SECONDS):
            head = self.ledger.load_head(payout.studio_id)
            if head is None:
                raise LookupError(f"studio {payout.studio_id} has no ledger")
            reversal = reverse(payout, head, transfer, rfc3339(self.clock()))
            if reversal is None:
                self.payouts.advance(replace(payout, next_poll_at=None, poll_count=0))
                return "PayoutNotReversed"
            try:
                self.ledger.record_payout_reversal(head, reversal)
            except StaleStateError:
                if self.payouts.get(payout.studio_id, payout.payout_id) != payout:
                    raise
                continue
            return "PayoutReversed"
        raise StaleStateError
