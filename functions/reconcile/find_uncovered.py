"""Finds studios that owe PPS and sell nothing any more, so that no payout will ever cover it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.reconcile.findings import Finding, of_negative_balance
from shared.clock import rfc3339
from shared.domain.ledger import EntryKind, LedgerHead
from shared.domain.payout import Payout, PayoutStatus
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.platform_lists import PlatformLists

# Seasons are long, but a studio that will sell again has sold something in a month.
WITHOUT_SALES = timedelta(days=30)

# A transfer that is older is hardly the one to reverse.
_PAYOUTS_LOOKED_AT = 10


@dataclass(frozen=True, slots=True)
class FindUncovered:
    """Finds negative balances without a sale for ``WITHOUT_SALES``.

    Of each studio that owes, it reads the newest entries, down to a sale or to that time.
    """

    lists: PlatformLists
    entries: LedgerEntries
    payouts: PayoutsTable

    def __call__(self, now: datetime) -> Iterator[Finding]:
        """Yield a finding for each such studio, with the transfer that could be reversed."""
        since = rfc3339(now - WITHOUT_SALES)
        for head in self.lists.owing_heads():
            # The index may show a studio a moment longer.
            if head.payable_balance_amount < 0 and not self._has_sold(head, since):
                yield of_negative_balance(head, self._reversible(head.studio_id))

    def _has_sold(self, head: LedgerHead, since: str) -> bool:
        for entry in self.entries.newest_first(head.studio_id, head.seq):
            if entry.recorded_at < since:
                return False
            if entry.kind is EntryKind.SALE:
                return True
        return False

    def _reversible(self, studio_id: str) -> Payout | None:
        """Return the newest payout of which the studio still has money, or None."""
        for payout in self.payouts.newest(studio_id, _PAYOUTS_LOOKED_AT):
            left = payout.paid_amount - payout.reversed_amount
            if payout.status is PayoutStatus.PAID and left > 0:
                return payout
        return None
