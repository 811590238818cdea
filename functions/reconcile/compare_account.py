"""Compares one account with the books, for one window of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from functions.reconcile.entered import entered
from functions.reconcile.find_uncovered import FindUncovered
from functions.reconcile.findings import Finding
from functions.reconcile.reconcile_charges import ReconcileCharges
from functions.reconcile.reconcile_fee_refunds import ReconcileFeeRefunds
from functions.reconcile.reconcile_refunds import ReconcileRefunds
from functions.reconcile.reconcile_transfers import ReconcileTransfers
from functions.reconcile.scope import Account, Window
from shared.clock import Clock
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.stripe.events import StripeEvents

# Everything that can make an account's refunds or disputes differ has one of these events.
# https://docs.stripe.com/api/events/types
_EVENTS = (
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refund.updated",
    "charge.refunded",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
# Stripe keeps events for 30 days.
_EVENTS_KEPT = timedelta(days=29)


@dataclass(frozen=True, slots=True)
class CompareAccount:
    """Finds how Stripe and the books differ, in both directions."""

    charges: ReconcileCharges
    refunds: ReconcileRefunds
    fee_refunds: ReconcileFeeRefunds
    transfers: ReconcileTransfers
    uncovered: FindUncovered
    settled: SettledRefunds
    events: StripeEvents
    clock: Clock

    def __call__(self, account: Account, window: Window) -> Iterator[Finding]:
        """Yield the differences, each healed where the ordinary path can safely do that.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
            OutOfTimeError: There was no time for all of it.
        """
        if account.account_id is not None and self._is_idle(account, account.account_id, window):
            return
        yield from self.charges(account, window)
        entries = list(entered(self.settled, account, window))
        yield from self.refunds(account, window, entries)
        if account.account_id is None:
            yield from self.fee_refunds(window, entries)
            yield from self.transfers(window)

    def standing(self, account: Account) -> Iterator[Finding]:
        """Yield what stays until people act, whenever it began.

        That is, of all studios at once: orders whose charge differs from the import, payouts whose
        transfer does not end, and balances that no sale will cover.
        """
        if account.account_id is None:
            now = self.clock()
            yield from chain(
                self.charges.wrong_payments(), self.transfers.not_ended(now), self.uncovered(now)
            )

    def _is_idle(self, account: Account, account_id: str, window: Window) -> bool:
        """Return whether nothing happened in a window, at Stripe and in the ledgers.

        One call to Stripe says so, where comparing makes six. Most accounts are idle most days.
        """
        if window.since < window.now - _EVENTS_KEPT:
            return False
        happened = self.events.happened(window.since, window.now, _EVENTS, account_id)
        return not happened and next(entered(self.settled, account, window), None) is None
