"""Compares an account's disputes at Stripe with the books, and names wrong payments."""

from collections.abc import Iterator
from dataclasses import dataclass

from functions.reconcile.findings import Finding, of_dispute, of_payment
from functions.reconcile.scope import Account, Window
from shared.domain.dispute import find
from shared.domain.order import OrderState
from shared.domain.stripe_dispute import StripeDispute
from shared.gateways.charges import Charges
from shared.gateways.order_states import OrderStates
from shared.gateways.platform_lists import PlatformLists
from shared.gateways.records.charge_pointer import ChargePointer
from shared.gateways.stripe.balance import StripeBalance
from shared.gateways.stripe.charges import StripeCharges
from shared.workflow.announcers import ChargeAnnouncer


@dataclass(frozen=True, slots=True)
class ReconcileCharges:
    """Reconciles charges.

    From Stripe: each dispute that was made, or moved the balance, in the window. If the books do
    not have it so, its charge is read, which heals it.
    """

    states: OrderStates
    pointers: Charges
    lists: PlatformLists
    charges: StripeCharges
    balance: StripeBalance
    queue: ChargeAnnouncer

    def __call__(self, account: Account, window: Window) -> Iterator[Finding]:
        """Yield the differences, each healed where reading the charge can do that.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
        """
        for report in self._disputes(account, window):
            pointer = self.pointers.find(report.charge_id)
            # An account may also serve other business.
            if pointer is None or pointer.account_id != account.account_id:
                continue
            if self._differs(report, pointer):
                self.queue.announce(pointer.order)
                yield of_dispute(report, pointer.order, account.account_id)

    def wrong_payments(self) -> Iterator[Finding]:
        """Yield each order whose charge differs from its import, until a person corrects it.

        Of all accounts at once, so that an account without such orders costs nothing.
        """
        for state in self.lists.wrong_payments():
            if state.has_wrong_payment:  # the index may show it a moment longer
                yield of_payment(state)

    def _disputes(self, account: Account, window: Window) -> Iterator[StripeDispute]:
        """Yield the disputes made in the window, and those whose money moved in it, each once."""
        made = self.charges.list_disputes_created(window.since, window.until, account.account_id)
        found = {each.dispute_id: each for each in made}
        moved = self.balance.list_disputes(window.since, window.until, account.account_id)
        for dispute_id in moved:
            if dispute_id not in found:
                found[dispute_id] = self.charges.get_dispute(dispute_id, account.account_id)
        yield from found.values()

    def _differs(self, report: StripeDispute, pointer: ChargePointer) -> bool:
        state = self.states.get_state(pointer.order)
        if state is None:
            raise LookupError(f"charge {pointer.charge_id} names a missing {pointer.order}")
        return _facts_at_stripe(report) != _facts_here(state, report.dispute_id)


type _Facts = tuple[str, int, int] | None


def _facts_at_stripe(report: StripeDispute) -> _Facts:
    return report.status, report.withdrawn_amount, report.fee_amount


def _facts_here(state: OrderState, dispute_id: str) -> _Facts:
    known = find(state.disputes, dispute_id)
    return (known.status, known.withdrawn_amount, known.fee_amount) if known else None
