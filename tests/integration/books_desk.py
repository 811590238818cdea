"""Proves PPS's own books in this process, and plants what must be found."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from functions.reconcile.books_command import BooksCommand
from functions.reconcile.prove_books import BooksProof, ProveBooks
from functions.reconcile.read_ledgers import ReadLedgers
from shared.domain.books_proof import BooksFinding, BooksFindingKind
from shared.domain.ledger import EntryAmounts, EntryFacts, append
from shared.gateways.books_store import BooksStore
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.records.ledger import entry_to_item, head_to_item
from shared.gateways.stripe.platform_balance import PlatformBalance
from shared.gateways.stripe.transfers import StripeTransfers
from tests.integration.backend import Backend
from tests.integration.reconcile_desk import ReconcileDesk

# Longer than the other side of anything may take, except of a payout.
TOO_LATE = timedelta(days=1, hours=1)


@dataclass
class BooksDesk:
    """The books of the platform, whose studios share this backend's tables."""

    backend: Backend

    def __post_init__(self) -> None:
        backend = self.backend
        self.desk = ReconcileDesk(backend)
        self.store = BooksStore(backend.dynamodb, backend.orders_table)
        entries = LedgerEntries(backend.dynamodb, backend.ledger_table)
        payouts = PayoutsTable(backend.dynamodb, backend.orders_table)
        orders = OrderLists(backend.dynamodb, backend.orders_table)
        self.prove_books = ProveBooks(
            self.store,
            PlatformBalance(backend.stripe),
            StripeTransfers(backend.stripe),
            ReadLedgers(payouts, backend.books, entries, orders),
            entries,
            payouts,
            backend.clock,
        )
        self.command = BooksCommand(self.prove_books, self.desk.queue)

    def prove(self, since: datetime | None = None) -> BooksProof:
        """Prove the books, and check that each equation holds with what the findings say."""
        proof = self.prove_books(time_is_up=lambda: False, since=since)
        assert isinstance(proof, BooksProof)
        assert proof.balance_checked
        for each in proof.currencies:
            assert each.difference_amount == sum(
                found.found_amount - found.books_amount
                for found in proof.findings
                if found.currency == each.currency
                # Stripe's balance is above what it should be, or what PPS owes is below it.
                and found.kind is not BooksFindingKind.OWED_DIFFERS
            ) - sum(
                found.found_amount - found.books_amount
                for found in proof.findings
                if found.currency == each.currency and found.kind is BooksFindingKind.OWED_DIFFERS
            )
        return proof

    def findings(self) -> list[BooksFinding]:
        """Let half an hour pass, and return the findings of a proof."""
        self.pass_time(timedelta(minutes=30))
        return self.prove().findings

    def shorten_windows(self, length: timedelta) -> None:
        """Prove the books, and let the next proof begin with windows of a length."""
        books = replace(self.prove().books, window_seconds=int(length.total_seconds()))
        self.store.put(books)

    def forget_change(self) -> None:
        """Take the ledger off the list of those that changed lately."""
        self.backend.books.set_anchor_due(self.backend.head(), None)

    def pass_time(self, time: timedelta) -> None:
        """Let time pass, here and at Stripe."""
        self.desk.pass_time(time)

    def move_balance(self, kind: str, amount: int, source: str, currency: str = "usd") -> str:
        """Move the platform's balance without any other object, and return the transaction's id."""
        body: dict[str, Any] = {"type": kind, "amount": amount, "currency": currency}
        return str(self.backend.control("balance_transactions", source=source, **body)["id"])

    def enter(self, facts: EntryFacts, amounts: EntryAmounts, *, move_head: bool = True) -> int:
        """Write a ledger entry without the product, and return its number."""
        entry, after = append(self.backend.head(), facts, amounts)
        self.backend.dynamodb.put_item(
            TableName=self.backend.ledger_table, Item=entry_to_item(entry)
        )
        if move_head:
            self.backend.dynamodb.put_item(
                TableName=self.backend.orders_table, Item=head_to_item(after)
            )
        return entry.seq
