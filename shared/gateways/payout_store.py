"""The transactions that write a payout together with the ledger."""

from dataclasses import replace

from shared.domain.ledger import LedgerHead
from shared.domain.payout import Booking
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.records.next_payout import next_payout_item
from shared.gateways.records.payout import payout_to_item
from shared.gateways.table import STILL_DUE


class PayoutStore(LedgerStore):
    """Writes payouts with their ledger entries."""

    def record_payout(
        self, head: LedgerHead, closing: Booking, due_at: str, next_due_at: str
    ) -> None:
        """Write a new payout, its entry, the head and the next due time in ONE transaction.

        Args:
            head: The ledger head that the payout was made of.
            closing: The payout with its entry and the head after it.
            due_at: When it was due, as read; RFC 3339 in UTC.
            next_due_at: When the next one is due.

        Raises:
            StaleStateError: The ledger has moved, or the studio is not due any more.
        """
        next_payout = next_payout_item(head.studio_id, next_due_at)
        self._orders_table.write(
            self._orders_table.new(payout_to_item(closing.payout)),
            self._put_entry(closing.entry),
            self._move_head(head, closing.head),
            self._orders_table.when(STILL_DUE, due_at, next_payout),
        )

    def record_payout_failure(self, head: LedgerHead, failure: Booking) -> None:
        """Write a failed payout, the entry that gives its money back, and the head.

        Args:
            head: The ledger head that the entry follows.
            failure: The payout, at the version read, with its entry and the head after it.

        Raises:
            StaleStateError: The ledger or the payout has changed.
        """
        stored = replace(failure.payout, version=failure.payout.version + 1)
        self._orders_table.write(
            self._orders_table.replacing(payout_to_item(stored), failure.payout.version),
            self._put_entry(failure.entry),
            self._move_head(head, failure.head),
        )
