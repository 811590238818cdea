"""Moving a payout's money to the studio's account, once, whatever gets lost on the way."""

from dataclasses import dataclass

from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.payout import Payout, PayoutStatus, fail
from shared.domain.stripe_transfer import StripeTransfer
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.stripe_api import StripeApi
from shared.workflow.attempts import key_forgotten

_CONTENTION_SECONDS = 15.0

# The money arrived and came back, or never could arrive: Stripe's word is ``transfer_failure``.
CAME_BACK = "transfer_failure"


@dataclass(frozen=True, slots=True)
class CarryOnTransfer:
    """Takes an open payout to its end: paid, or failed with its money back in the balance."""

    ledger: PayoutStore
    payouts: PayoutsTable
    stripe: StripeApi
    clock: Clock

    def __call__(self, payout: Payout) -> str:
        """Carry the payout on and return what was done, as the name of a metric.

        A transfer is intent on disk before Stripe is asked for it, and asked for only after a
        complete list that shows none: also the first, which Stripe may have of a payout that a
        restore brought back to its beginning. Later calls go under the same key: even while the
        first is still under way, Stripe does it once. A new attempt begins only where the key is
        used up: Stripe repeats a failure it saved, or may have forgotten the key. Writing its
        number is the lease: two cannot both begin one.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError, StaleStateError: Not now; nothing is
                lost, the next run goes on from here.
        """
        found = self._listed(payout)
        if payout.status is PayoutStatus.CLOSING:
            payout = self._begin(payout)
        if found:
            return self._made(payout, found)
        if key_forgotten(payout.attempt_at, self.clock()):
            payout = self._begin(payout)
        return self._send(payout)

    def _begin(self, payout: Payout) -> Payout:
        return self.payouts.advance(payout.with_new_attempt(rfc3339(self.clock())))

    def _listed(self, payout: Payout) -> StripeTransfer | None:
        """Find the payout's transfer by its group, which nobody can edit as they can metadata.

        Raises:
            LookupError: There are others in the group, made by hand: a person has to look.
        """
        transfers = self.stripe.list_transfers(payout.payout_id)
        for each in transfers:
            if each.amount == payout.paid_amount:
                return each
        if transfers:
            raise LookupError(f"payout {payout.payout_id} has transfers of other amounts")
        return None

    def _send(self, payout: Payout) -> str:
        try:
            return self._sent(payout)
        except StripeOutcomeUnknownError as unknown:
            if not unknown.key_spent:
                raise
        if found := self._listed(payout):
            return self._made(payout, found)
        return self._sent(self._begin(payout))

    def _sent(self, payout: Payout) -> str:
        try:
            transfer = self.stripe.create_transfer(payout)
        except StripeRefusedError as refusal:
            return self._failed(payout, refusal.reason)
        return self._made(payout, transfer)

    def _made(self, payout: Payout, transfer: StripeTransfer) -> str:
        if transfer.came_back:
            return self._failed(payout, CAME_BACK)
        self.payouts.advance(payout.paid(transfer.transfer_id, rfc3339(self.clock())))
        return "PayoutPaid"

    def _failed(self, payout: Payout, reason: str) -> str:
        """Give the money back to the balance, in one step with the payout's failure.

        Raises:
            StaleStateError: Somebody else took the payout on, or others kept moving the ledger.
        """
        for _ in tries(_CONTENTION_SECONDS):
            current = self.payouts.get(payout.studio_id, payout.payout_id)
            head = self.ledger.load_head(payout.studio_id)
            if current is None or head is None:
                raise LookupError(f"payout {payout.payout_id} is not there any more")
            if current != payout:
                # Another run has it in hand, and may have begun another attempt.
                raise StaleStateError
            try:
                failure = fail(payout, head, reason, rfc3339(self.clock()))
                self.ledger.record_payout_failure(head, failure)
            except StaleStateError:
                continue
            return "PayoutFailed"
        raise StaleStateError
