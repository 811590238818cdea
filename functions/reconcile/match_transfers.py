"""Holding the platform's transfers at Stripe, the payouts here, and the ledger to each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from functions.reconcile.findings import (
    Finding,
    FindingKind,
    of_movement,
    of_transfer,
    payout_entry_differs,
    source_differs,
    transfer_difference,
)
from functions.reconcile.match_refunds import Window
from shared.clock import rfc3339
from shared.domain.errors import StripeRefusedError
from shared.domain.payout import Payout, PayoutStatus, studio_of_payout
from shared.domain.stripe_balance import BalanceMovement, MovementType
from shared.domain.stripe_refund import string
from shared.domain.stripe_transfer import StripeTransfer
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.stripe_api import UNKNOWN_TO_STRIPE, StripeApi

_PAYOUTS_PER_READ = 20

_OF_TRANSFERS = (
    MovementType.TRANSFER,
    MovementType.TRANSFER_REFUND,
    MovementType.TRANSFER_FAILURE,
)

# The payout run looks at a payout that has not ended once an hour: so often it may miss.
_RUNS_EVERY = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class MatchTransfers:
    """Matches transfers in both directions.

    From Stripe: each made in the time, and each of which money came back in the time. From here:
    each payout that was paid in the time. Nothing is healed: the payout run has a payout whose
    transfer it does not know of looked after by itself, and the rest wants a person.
    """

    payouts: PayoutsTable
    entries: LedgerEntries
    stripe: StripeApi

    def __call__(self, studio_ids: tuple[str, ...], window: Window) -> Iterator[Finding]:
        """Yield the differences.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
        """
        made = self.stripe.transfers_created(window.since, window.until)
        transfers = {each.transfer_id: each for each in made}
        movements = [each for kind in _OF_TRANSFERS for each in self._movements(kind, window)]
        yield from (of_movement(each) for each in movements if source_differs(each))
        for transfer_id in {_transfer_of(each) for each in movements} - set(transfers):
            transfers[transfer_id] = self.stripe.get_transfer(transfer_id)
        for transfer in transfers.values():
            payout = self._payout_of(transfer)
            if kind := transfer_difference(transfer, payout):
                yield of_transfer(kind, transfer, payout)
        yield from self._not_ended(window)
        for studio_id in studio_ids:
            for payout in self._paid(studio_id, window):
                yield from self._match(payout, transfers)

    def _not_ended(self, window: Window) -> Iterator[Finding]:
        """Yield payouts that the payout run should have carried to their end by now."""
        long_ago = rfc3339(window.until - _RUNS_EVERY)
        for each in self.payouts.open(rfc3339(window.now + timedelta(days=1))):
            payout = self.payouts.get(each.studio_id, each.payout_id)
            if payout and payout.is_open and payout.closed_at < long_ago:
                yield _of_payout(FindingKind.TRANSFER_NOT_CONFIRMED, payout)

    def _movements(self, kind: MovementType, window: Window) -> list[BalanceMovement]:
        return self.stripe.movements(kind, window.since, window.until, None)

    def _payout_of(self, transfer: StripeTransfer) -> Payout | None:
        studio_id = studio_of_payout(transfer.group or "")
        return self.payouts.get(studio_id, transfer.group or "") if studio_id else None

    def _paid(self, studio_id: str, window: Window) -> Iterator[Payout]:
        since, until = rfc3339(window.since), rfc3339(window.until)
        after = None
        while found := self.payouts.newest(studio_id, _PAYOUTS_PER_READ, after):
            for payout in found:
                last = payout.history[-1]
                if payout.status is PayoutStatus.PAID and since <= last.at < until:
                    yield payout
            if found[-1].closed_at < since:
                return
            after = found[-1].payout_id

    def _match(self, payout: Payout, seen: dict[str, StripeTransfer]) -> Iterator[Finding]:
        entry = next(
            self.entries.between(payout.studio_id, payout.last_seq + 1, payout.last_seq + 1), None
        )
        if payout_entry_differs(payout, entry):
            yield _of_payout(FindingKind.LEDGER_DIFFERS, payout)
        if payout.transfer_id in seen:
            return
        try:
            transfer = self.stripe.get_transfer(payout.transfer_id or "")
        except StripeRefusedError as refusal:
            if refusal.reason != UNKNOWN_TO_STRIPE:
                raise
            yield _of_payout(FindingKind.TRANSFER_NOT_AT_STRIPE, payout)
        else:
            if kind := transfer_difference(transfer, payout):
                yield of_transfer(kind, transfer, payout)


def _transfer_of(movement: BalanceMovement) -> str:
    """Return which transfer moved the balance: by itself, or by a reversal."""
    whole = movement.source.get("object") == "transfer"
    return string(movement.source, "id" if whole else "transfer")


def _of_payout(kind: FindingKind, payout: Payout) -> Finding:
    return Finding(
        kind,
        studio_id=payout.studio_id,
        payout_id=payout.payout_id,
        stripe_id=payout.transfer_id,
        amount=payout.paid_amount,
        currency=payout.currency,
    )
