"""Moves a payout's money to the studio's account, once, whatever is lost on the way."""

from dataclasses import dataclass, replace

from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeRefusedError
from shared.domain.payout import BALANCE_POLL_DELAY, Payout, PayoutStatus
from shared.domain.payout_booking import fail
from shared.domain.payout_hold import PayoutHold, hold_after
from shared.domain.refusal import INSUFFICIENT_BALANCE
from shared.domain.stripe_transfer import StripeTransfer
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.stripe.transfers import StripeTransfers
from shared.gateways.studios import Studios
from shared.workflow.account_watch import AccountWatch
from shared.workflow.stripe_attempt import ensure_at_stripe

# Settlements and imports change the same ledger; each takes well under a second.
_CONTENTION_SECONDS = 15.0

# The transfer came back or could never arrive. Stripe's own word for it.
CAME_BACK = "transfer_failure"


@dataclass(frozen=True, slots=True)
class ResumeTransfer:
    """Takes an open payout to its end: paid, or failed with its money back in the balance.

    If the platform's balance is too low, the payout waits, and an hourly run tries it again. Any
    other refusal means that the account cannot be paid: the studio's payouts are put on hold.

    It is also the ``AttemptSteps`` of a payout's transfer. Even the first transfer is sent only
    after a list that shows none: Stripe may have one if a restore took the payout back to its
    beginning.
    """

    studios: Studios
    ledger: PayoutStore
    payouts: PayoutsTable
    holds: PayoutHolds
    stripe: StripeTransfers
    accounts: AccountWatch
    clock: Clock

    def __call__(self, payout: Payout) -> str:
        """Resume the payout and return the outcome, as the name of a metric.

        Raises:
            StripeOutcomeUnknownError, StaleStateError: Nothing is lost; the next run goes on from
                here.
            LookupError: A person made other transfers in the payout's group.
        """
        answer = ensure_at_stripe(self, payout, self.clock())
        if isinstance(answer.report, StripeRefusedError):
            return self._refused(answer.intent, answer.report.reason)
        payout = answer.intent
        if payout.status is PayoutStatus.CLOSING:  # found before it was sent: a restore lost it
            payout = self.with_new_attempt(payout)
        return self._record(payout, answer.report)

    def find_at_stripe(self, payout: Payout) -> StripeTransfer | None:
        """Find the payout's transfer by its group, which cannot be edited as metadata can.

        Raises:
            LookupError: The group has transfers that were made by hand: a person has to look.
        """
        transfers = self.stripe.list_of_payout(payout.payout_id)
        for each in transfers:
            if each.amount == payout.paid_amount:
                return each
        if transfers:
            raise LookupError(f"payout {payout.payout_id} has transfers of other amounts")
        return None

    def send(self, payout: Payout) -> StripeTransfer:
        """Send the transfer to the studio's account."""
        return self.stripe.create(payout)

    def with_new_attempt(self, payout: Payout) -> Payout:
        """Store the transfer's next attempt."""
        return self.payouts.advance(payout.with_new_attempt(rfc3339(self.clock())))

    def _refused(self, payout: Payout, reason: str) -> str:
        if reason != INSUFFICIENT_BALANCE:
            outcome = self._fail(payout, reason)
            if payout.account_id is not None:
                self.accounts.is_gone(payout.account_id)
            return outcome
        next_poll_at = rfc3339(self.clock() + BALANCE_POLL_DELAY)
        self.payouts.advance(payout.waiting_for_balance(next_poll_at))
        return "PayoutWaitsForBalance"

    def _record(self, payout: Payout, transfer: StripeTransfer) -> str:
        if transfer.is_fully_reversed:
            return self._fail(payout, CAME_BACK, transfer)
        at = rfc3339(self.clock())
        paid = payout.paid(transfer.transfer_id, at, transfer.balance_transaction_id)
        if transfer.amount_reversed:  # the next run enters what came back
            paid = replace(paid, next_poll_at=at)
        self.payouts.advance(paid)
        self.accounts.recheck_safely(payout.account_id)
        return "PayoutPaid"

    def _fail(self, payout: Payout, reason: str, transfer: StripeTransfer | None = None) -> str:
        """Return the money to the balance and hold the studio's payouts, in one step.

        Raises:
            StaleStateError: Another run changed the payout, or others kept changing the ledger.
        """
        for _ in tries(_CONTENTION_SECONDS):
            current = self.payouts.get(payout.studio_id, payout.payout_id)
            head = self.ledger.load_head(payout.studio_id)
            if current is None or head is None:
                raise LookupError(f"payout {payout.payout_id} or its ledger does not exist")
            if current != payout:
                # Another run resumes the payout, and may have begun another attempt.
                raise StaleStateError
            at = rfc3339(self.clock())
            failure = fail(payout, head, reason, at, transfer)
            try:
                self.ledger.record_payout_failure(head, failure, self._hold(payout, reason, at))
            except StaleStateError:
                continue
            return "PayoutFailed"
        raise StaleStateError

    def _hold(self, payout: Payout, reason: str, at: str) -> PayoutHold | None:
        """Return the studio's hold, or None if it has another account by now."""
        studio = self.studios.get(payout.studio_id)
        if studio is None or studio.payout_account_id != payout.account_id:
            return None
        return hold_after(payout, reason, at, self.holds.get(payout.studio_id))
