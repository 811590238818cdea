"""The payout run and the payouts' API in this process, for one studio."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from functions.payouts.list_payouts import ListPayouts
from functions.payouts.read_lines import LinesPage, LinesQuery, ReadLines
from functions.payouts.show_payout import NextPayout, ShowNextPayout, ShowPayout
from functions.run_payouts.book_reversal import BookReversal
from functions.run_payouts.close_payout import ClosePayout
from functions.run_payouts.release_payouts import ReleasePayouts
from functions.run_payouts.resume_transfer import ResumeTransfer
from functions.run_payouts.run_payouts import RunPayouts
from shared.clock import rfc3339
from shared.domain.payout import Payout
from shared.domain.statement import LineKinds, StatementLine
from shared.gateways.attention import Attention
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.running_sums import StoredSums
from shared.gateways.stripe.transfers import StripeTransfers
from tests.integration.backend import Backend

ACCOUNT = "acct_payouts"
# What the studio gets of an order that ``Backend.sell`` made: total, Stripe fee and rev share.
NET = 10000 - 320 - 1500
# Matches the requests that make transfers, for the stand-in's faults.
TRANSFERS = {"method": "POST", "path_prefix": "/v1/transfers"}
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Run:
    """What a run did: how often each outcome occurred, by the name of its metric."""

    done: Counter[str]


@dataclass
class StudioPayouts:
    """One studio's payouts."""

    backend: Backend

    def __post_init__(self) -> None:
        backend = self.backend
        self.table = PayoutsTable(backend.dynamodb, backend.orders_table)
        self.holds = PayoutHolds(backend.dynamodb, backend.orders_table)
        self.entries = LedgerEntries(backend.dynamodb, backend.ledger_table)
        self.lines = ReadLines(
            self.entries,
            OrderLists(backend.dynamodb, backend.orders_table),
            StoredSums(backend.dynamodb, backend.orders_table),
        )
        self.held_amount = Attention(backend.dynamodb, backend.orders_table).held_amount
        self.show_next = ShowNextPayout(
            backend.books, backend.studios, self.table, self.holds, self.held_amount, self.lines
        )
        self.show = ShowPayout(self.table, backend.studios, self.lines)
        self.list = ListPayouts(self.table)
        self.close = self._close(backend.payout_store)
        self.release = ReleasePayouts(self.holds, self.table, backend.clock)

    def _close(self, ledger: PayoutStore) -> ClosePayout:
        backend = self.backend
        return ClosePayout(
            backend.studios,
            ledger,
            self.entries,
            self.table,
            self.holds,
            self.held_amount,
            backend.accounts,
            backend.clock,
        )

    def runner(self, **parts: Any) -> RunPayouts:  # noqa: ANN401  # replacements of parts, by name
        """Return a payout run, with some parts replaced."""
        clock = self.backend.clock
        ledger = parts.get("ledger", self.backend.payout_store)
        table = parts.get("table", self.table)
        stripe = parts.get("stripe", StripeTransfers(self.backend.stripe))
        return RunPayouts(
            self.table,
            parts.get("close", self._close(ledger)),
            ResumeTransfer(
                self.backend.studios,
                ledger,
                table,
                self.holds,
                stripe,
                self.backend.accounts,
                clock,
            ),
            BookReversal(ledger, table, stripe, clock),
            self.backend.stops,
            clock,
        )

    def run(self, runner: RunPayouts | None = None) -> Run:
        """Do everything that is due, one thing after the other."""
        run_payouts = runner or self.runner()
        works = self.table.work(rfc3339(self.backend.clock()))
        return Run(Counter(run_payouts(work) for work in works))

    def pay_day(self) -> dict[str, int]:
        """Let a week pass and run the payouts; return the counts of the run."""
        self.backend.clock.ahead += WEEK
        return dict(self.run().done)

    def later(self) -> dict[str, int]:
        """Run the payouts some hours later; return the counts of the run."""
        self.backend.clock.ahead += timedelta(hours=7)
        return dict(self.run().done)

    def all(self) -> list[Payout]:
        """Return all payouts, the newest first."""
        page = self.list(self.backend.studio_id, 1000, None)
        assert page.next_cursor is None
        return page.payouts

    def last(self) -> Payout:
        """Return the newest payout."""
        return self.all()[0]

    def next(
        self, limit: int = 1000, cursor: str | None = None, kinds: LineKinds = LineKinds.ALL
    ) -> NextPayout:
        """Return the next payout as of now."""
        return self.show_next(self.backend.studio_id, LinesQuery(limit, cursor, kinds))

    def page(self, payout: Payout, limit: int = 1000, cursor: str | None = None) -> LinesPage:
        """Return a page of a payout's lines."""
        wanted = LinesQuery(limit, cursor)
        return self.show.page(payout.studio_id, payout.payout_id, wanted)[1]

    def lines_of(self, payout: Payout) -> list[StatementLine]:
        """Return all lines of a payout."""
        return self.show.printed(payout.studio_id, payout.payout_id).statement.lines

    def transfers(self) -> list[dict[str, Any]]:
        """Return all transfers to this studio, as Stripe has them."""
        found = self.backend.stripe_call("GET", "transfers", limit=100)["data"]
        return [each for each in found if self.backend.studio_id in str(each["metadata"])]

    def take_back(self, amount: int, *, with_event: bool = True) -> None:
        """Reverse a part of the newest transfer at Stripe, and deliver the event or lose it."""
        transfer_id = self.transfers()[0]["id"]
        self.backend.stripe_call("POST", f"transfers/{transfer_id}/reversals", amount=amount)
        if with_event:
            self.backend.deliver(self.reversal_events()[-1:])

    def reversal_events(self) -> list[dict[str, Any]]:
        """Return Stripe's events about reversed transfers, oldest first."""
        return [each for each in self.backend.events() if each["type"] == "transfer.reversed"]

    def transferred(self) -> int:
        """Return the transferred amount without reversals, in minor units."""
        return sum(each["amount"] - each["amount_reversed"] for each in self.transfers())


def assert_nothing_is_lost(payouts: StudioPayouts) -> None:
    """Check that the ledger is sound, and that what left it is what Stripe transferred."""
    backend = payouts.backend
    assert backend.verify() is None
    entries = backend.entries()
    earned = sum(int(e["payable_amount"]) for e in entries if "payout_id" not in e)
    assert backend.head().payable_balance_amount + payouts.transferred() == earned
    paid = sum(each.paid_amount - each.reversed_amount for each in payouts.all())
    assert payouts.transferred() == paid
