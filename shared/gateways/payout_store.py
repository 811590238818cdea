"""The transactions that write a payout together with the ledger."""

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.ledger import LedgerHead
from shared.domain.payout_booking import Booking
from shared.domain.payout_hold import PayoutHold
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.records.next_payout import next_payout_item
from shared.gateways.records.payout import payout_to_item
from shared.gateways.table import STILL_DUE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.gateways.table import Step


class PayoutStore(LedgerStore):
    """Writes payouts with their ledger entries."""

    def __init__(self, dynamodb: "DynamoDBClient", orders_table: str, ledger_table: str) -> None:
        super().__init__(dynamodb, orders_table, ledger_table)
        self._holds = PayoutHolds(dynamodb, orders_table)

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

    def record_payout_failure(
        self, head: LedgerHead, failure: Booking, hold: PayoutHold | None
    ) -> None:
        """Write a failed payout, the entry that gives its money back, the head, and the hold.

        Args:
            head: The ledger head that the entry follows.
            failure: The payout, at the version read, with its entry and the head after it.
            hold: The hold that it puts the studio's payouts under, at the version read, or None.

        Raises:
            StaleStateError: The ledger, the payout or the hold has changed.
        """
        holds = () if hold is None else (self._holds.put(hold),)
        self._orders_table.write(*self._change(head, failure), *holds)

    def record_payout_reversal(self, head: LedgerHead, reversal: Booking) -> None:
        """Write a payout of which money came back, the entry for that money, and the head.

        Args:
            head: The ledger head that the entry follows.
            reversal: The payout, at the version read, with its entry and the head after it.

        Raises:
            StaleStateError: The ledger or the payout has changed.
        """
        self._orders_table.write(*self._change(head, reversal))

    def _change(self, head: LedgerHead, change: Booking) -> "tuple[Step, Step, Step]":
        stored = replace(change.payout, version=change.payout.version + 1)
        return (
            self._orders_table.replacing(payout_to_item(stored), change.payout.version),
            self._put_entry(change.entry),
            self._move_head(head, change.head),
        )
