"""Compares the platform's transfers at Stripe with the payouts here and with the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.reconcile.differences import (
    payout_entry_differs,
    source_differs,
    transfer_difference,
)
from functions.reconcile.findings import Finding, FindingKind, of_movement, of_payout, of_transfer
from functions.reconcile.scope import Window
from shared.clock import rfc3339
from shared.domain.errors import StripeRefusedError
from shared.domain.payout import Payout, studio_of_payout
from shared.domain.stripe_balance import BalanceMovement, MovementType
from shared.domain.stripe_object import string
from shared.domain.stripe_transfer import StripeTransfer
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.platform_lists import PlatformLists
from shared.gateways.stripe.balance import StripeBalance
from shared.gateways.stripe.errors import UNKNOWN_TO_STRIPE
from shared.gateways.stripe.transfers import StripeTransfers
from shared.workflow.mark_transfer import MarkTransfer

_TRANSFER_MOVEMENTS = (
    MovementType.TRANSFER,
    MovementType.TRANSFER_REFUND,
    MovementType.TRANSFER_FAILURE,
)

# Allow three missed hourly payout runs.
_TRANSFER_GRACE = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class ReconcileTransfers:
    """Reconciles transfers in both directions.

    From Stripe: each transfer that was made, or moved the balance, in the window. From the books:
    each payout that was paid in the window. The payout run resumes a payout whose transfer is not
    known yet, and enters what came back of a transfer. Any other difference needs a person.
    """

    payouts: PayoutsTable
    lists: PlatformLists
    entries: LedgerEntries
    stripe: StripeTransfers
    balance: StripeBalance
    mark: MarkTransfer

    def __call__(self, window: Window) -> Iterator[Finding]:
        """Yield the differences.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
        """
        made = self.stripe.list_created(window.since, window.until)
        transfers = {each.transfer_id: each for each in made}
        movements = [each for kind in _TRANSFER_MOVEMENTS for each in self._movements(kind, window)]
        yield from (of_movement(each) for each in movements if source_differs(each))
        for transfer_id in {_transfer_of(each) for each in movements} - set(transfers):
            transfers[transfer_id] = self.stripe.get(transfer_id)
        for transfer in transfers.values():
            window.keep_on()
            payout = self._payout_of(transfer)
            yield from self._compare(transfer, payout)
        for payout in self.lists.paid_payouts(rfc3339(window.since), rfc3339(window.until)):
            window.keep_on()
            yield from self._reconcile(payout, transfers)

    def not_ended(self, now: datetime) -> Iterator[Finding]:
        """Yield payouts whose transfer should have ended by now."""
        closed_before = rfc3339(now - _TRANSFER_GRACE)
        for each in self.payouts.open(rfc3339(now + timedelta(days=1))):
            payout = self.payouts.get(each.studio_id, each.payout)
            if payout and payout.is_open and payout.closed_at < closed_before:
                yield of_payout(FindingKind.TRANSFER_NOT_CONFIRMED, payout)

    def _movements(self, kind: MovementType, window: Window) -> list[BalanceMovement]:
        return self.balance.list_movements(kind, window.since, window.until)

    def _payout_of(self, transfer: StripeTransfer) -> Payout | None:
        studio_id = studio_of_payout(transfer.group or "")
        return self.payouts.get(studio_id, transfer.group or "") if studio_id else None

    def _reconcile(self, payout: Payout, listed: dict[str, StripeTransfer]) -> Iterator[Finding]:
        """Compare a paid payout with its entry, and with its transfer if that is not listed."""
        seq = payout.entry_seq
        entry = next(self.entries.between(payout.studio_id, seq, seq), None)
        if payout_entry_differs(payout, entry):
            yield of_payout(FindingKind.LEDGER_DIFFERS, payout)
        if payout.transfer_id in listed:
            return
        try:
            transfer = self.stripe.get(payout.transfer_id or "")
        except StripeRefusedError as refusal:
            if refusal.reason != UNKNOWN_TO_STRIPE:
                raise
            yield of_payout(FindingKind.TRANSFER_NOT_AT_STRIPE, payout)
        else:
            yield from self._compare(transfer, payout)

    def _compare(self, transfer: StripeTransfer, payout: Payout | None) -> Iterator[Finding]:
        kind = transfer_difference(transfer, payout)
        if kind is None:
            return
        healed = kind is FindingKind.TRANSFER_REVERSED and payout is not None
        if healed and payout:
            self.mark(payout.payout_id)
        yield of_transfer(kind, transfer, payout, healed=healed)


def _transfer_of(movement: BalanceMovement) -> str:
    """Return the id of the transfer that moved the balance, by itself or by a reversal."""
    is_transfer = movement.source.get("object") == "transfer"
    return string(movement.source, "id" if is_transfer else "transfer")
