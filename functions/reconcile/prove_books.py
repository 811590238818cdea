"""Proves PPS's own books: Stripe's balance is what PPS owes, PPS's own, and what is in transit."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain

from functions.reconcile.read_ledgers import LedgerPeriod, ReadLedgers
from shared.clock import Clock, rfc3339
from shared.domain.books_proof import (
    BooksFinding,
    CurrencyProof,
    Measured,
    findings_of,
    in_transit_of,
    prove,
)
from shared.domain.ledger import LISTED_AFTER_CHANGE
from shared.domain.payout import studio_of_payout
from shared.domain.platform_books import SHORTEST_WINDOW, OpenItem, PlatformBooks
from shared.domain.platform_movement import PlatformMovement, transfer_subject
from shared.edge.observability import logger
from shared.gateways.books_store import BooksStore
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.stripe.platform_balance import PlatformBalance, TooManyMovementsError
from shared.gateways.stripe.transfers import StripeTransfers

# What happened since then may still be in a webhook or a queue.
_GRACE = timedelta(minutes=15)
# From here on, books without another beginning have everything that ever moved the balance.
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
# How often to read a balance again that moves while it is read.
_BALANCE_TRIES = 3
# How many movements a window should have. They are in memory with their entries.
_MOVEMENTS_OF_WINDOW = 50_000
# A run begins no window that may take it beyond this time. It would lose that window.
_RUN_TAKES = timedelta(minutes=13)
# The list of changed ledgers is read a moment late, and clocks differ.
_LISTED_FOR_CERTAIN = LISTED_AFTER_CHANGE - timedelta(hours=1)
# They are one item of the table, which has 400 KB.
MOST_OPEN_ITEMS = 800


class TooManyOpenItemsError(Exception):
    """So much is open that the books cannot be stored. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class BooksProof:
    """The result of a proof.

    Attributes:
        books: The books up to the moment of the proof.
        currencies: The equation of each currency.
        findings: The differences.
        balance_checked: Whether the sum of all transactions was compared with Stripe's balance.
        in_transit: The open items whose other side may still come.
    """

    books: PlatformBooks
    currencies: list[CurrencyProof]
    findings: list[BooksFinding]
    balance_checked: bool
    in_transit: list[OpenItem]


@dataclass(frozen=True, slots=True)
class ProveBooks:
    """Carries the books on from where the last proof ended, and compares them with both balances.

    It goes on window by window, and stores the books after each. A run that has no time left has
    kept the windows that it has done, and the next one goes on from there. Only the last window, up
    to the present, compares the balance at Stripe. Each window reads only the ledgers that changed
    in the last days. Two runs at the same time: one stores its books, the other raises.
    """

    store: BooksStore
    balance: PlatformBalance
    transfers: StripeTransfers
    read_ledgers: ReadLedgers
    entries: LedgerEntries
    payouts: PayoutsTable
    clock: Clock

    def __call__(
        self,
        *,
        time_is_up: Callable[[], bool],
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> BooksProof | PlatformBooks:
        """Do one proof, or as much of it as there is time for.

        Args:
            time_is_up: Whether to stop, so that the run ends before the function times out.
            since: Begin new books here, with whatever the balances were.
            until: Prove only up to here.

        Returns:
            The proof. Or the books as far as they are, if the time was up: call again to go on.

        Raises:
            TimeoutError: There was not enough time for the shortest window, or to begin.
            TooManyOpenItemsError: More is open than can be stored.
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
            StaleStateError: Another run has changed the books.
        """
        books = self.store.get() or PlatformBooks(rfc3339(_EVER), rfc3339(_EVER))
        if since is not None:
            books = self.store.put(self._begun(_second(since), books, time_is_up))
        last = _second(min(until or self.clock(), self.clock() - _GRACE))
        run_began, is_first = self.clock(), True
        while True:
            began = self.clock()
            start, end = books.next_window(last)
            try:
                books, proof = self._window(books, start, end, time_is_up, is_last=end >= last)
            except TooManyMovementsError as error:
                lasted = end - datetime.fromisoformat(error.since)
                books = books.with_window(lasted / 2)
                continue
            except TimeoutError:
                return self._stopped(books, took_all=is_first)
            if proof is not None:
                return proof
            is_first = False
            if self.clock() - run_began + (self.clock() - began) > _RUN_TAKES:
                return books

    def _window(
        self,
        books: PlatformBooks,
        start: datetime,
        end: datetime,
        time_is_up: Callable[[], bool],
        *,
        is_last: bool,
    ) -> tuple[PlatformBooks, BooksProof | None]:
        """Add what happened in a window and store the books. The last window is the proof."""
        is_shortest = end - start <= SHORTEST_WINDOW
        most = None if is_shortest else 2 * _MOVEMENTS_OF_WINDOW
        listed = self.balance.movements(start, end, time_is_up=time_is_up, most=most)
        period = self.read_ledgers(
            start,
            end,
            studios=self._studios(books, start),
            time_is_up=time_is_up,
            with_later=is_last,
        )
        movements = [self._with_subject(each, time_is_up) for each in listed]
        measured = self._measure(end, period, time_is_up) if is_last else None
        watched = sorted({each.name.studio_id for each in period.wrong_heads})
        books = replace(
            books.with_period(movements, period.lines, rfc3339(end)),
            watched=tuple(watched),
            by_changes=True,
        )
        if not is_last:
            growth = min(2.0, max(0.5, _MOVEMENTS_OF_WINDOW / max(len(movements), 1)))
            books = books.with_window((end - start) * growth)
        if measured is not None:
            books = self._with_earlier(books, time_is_up)
        if len(books.open_items) > MOST_OPEN_ITEMS:
            raise TooManyOpenItemsError(
                f"{len(books.open_items)} open items, the first: {books.open_items[0].subject}"
            )
        books = self.store.put(books)
        if measured is None:
            return books, None
        proof = BooksProof(
            books,
            prove(books, measured),
            list(findings_of(books, measured)),
            measured.stripe is not None,
            in_transit_of(books, measured),
        )
        return books, proof

    def _studios(self, books: PlatformBooks, start: datetime) -> Iterable[str]:
        """Return whose ledgers may have entries since a time, or a wrong head."""
        if books.by_changes and start >= self.clock() - _LISTED_FOR_CERTAIN:
            return chain(self.read_ledgers.changed(), books.watched)
        return self.read_ledgers.every()

    def _stopped(self, books: PlatformBooks, *, took_all: bool) -> PlatformBooks:
        """Return the books as far as they are. If a window took the whole time, it was too long."""
        if not took_all:
            return books
        start, end = books.next_window(self.clock())
        if end - start <= SHORTEST_WINDOW:
            raise TimeoutError("there was no time for the shortest window")
        return self.store.put(books.with_window((end - start) / 2))

    def _begun(
        self, start: datetime, before: PlatformBooks, time_is_up: Callable[[], bool]
    ) -> PlatformBooks:
        """Return new books that begin with both balances as they were at a time."""
        period = self.read_ledgers(
            start, start, studios=self.read_ledgers.every(), time_is_up=time_is_up
        )
        measured = self._measure(start, period, time_is_up)
        if measured.stripe is None:
            raise TimeoutError("Stripe's balance moves too fast for the books to begin")
        begun = PlatformBooks.beginning(rfc3339(start), measured.stripe, period.owed_before)
        return replace(begun, version=before.version)

    def accept(self, subject: str, because: str) -> PlatformBooks:
        """Make a subject's open items PPS's own, after a person has dealt with them.

        Raises:
            LookupError: Nothing is open about it.
            StaleStateError: A run has changed the books.
        """
        books = self.store.get()
        if books is None:
            raise LookupError("the books have not begun")
        for each in books.open_items:
            if each.subject == subject:
                logger.warning(
                    "difference accepted",
                    subject=subject,
                    amount=each.difference_amount,
                    currency=each.currency,
                    because=because,
                )
        return self.store.put(books.accepting(subject))

    def _with_subject(
        self, movement: PlatformMovement, time_is_up: Callable[[], bool]
    ) -> PlatformMovement:
        """Return the movement of a reversal with its transfer's subject. Reversals are rare."""
        if movement.reverses is None:
            return movement
        if time_is_up():
            raise TimeoutError("there was no time to read all reversed transfers")
        transfer = self.transfers.get(movement.reverses)
        return replace(movement, subject=transfer_subject(transfer.transfer_id, transfer.group))

    def _measure(
        self, end: datetime, period: LedgerPeriod, time_is_up: Callable[[], bool]
    ) -> Measured:
        """Return Stripe's balance as it was at the end, with the heads that are wrong.

        Stripe tells its balance only as it is now. What moved it since the end is taken off. If it
        moves while it is read, it is read again.
        """
        wrong_heads, arriving = period.wrong_heads, frozenset(period.later_subjects)
        balance = self.balance.read()
        for _ in range(_BALANCE_TRIES):
            later = self.balance.movements(end, None, time_is_up=time_is_up)
            again = self.balance.read()
            if again == balance:
                arriving |= {each.subject for each in later if each.subject}
                return Measured(_less(balance, later), wrong_heads, arriving)
            balance = again
        logger.warning("Stripe's balance moves too fast to be compared")
        return Measured(None, wrong_heads, arriving)

    def _with_earlier(self, books: PlatformBooks, time_is_up: Callable[[], bool]) -> PlatformBooks:
        """Look for the other side of open items among what happened before the books began."""
        if datetime.fromisoformat(books.began_at) <= _EVER:
            return books
        for item in books.open_items:
            if time_is_up():
                raise TimeoutError("there was no time to look for earlier transactions")
            if not item.transactions:
                moved = self._moved_earlier(item, books.began_at)
                if moved == -item.difference_amount:
                    books = books.with_earlier(item, moved, 0)
            elif not item.entries:
                entered = self._entered_earlier(item, books.began_at)
                if entered == item.difference_amount:
                    books = books.with_earlier(item, 0, entered)
        return books

    def _moved_earlier(self, item: OpenItem, began_at: str) -> int:
        kind, _, source_id = item.subject.partition(":")
        if kind not in {"charge", "refund", "dispute", "fee"}:
            return 0
        return sum(
            each.net_amount
            for each in self.balance.of_source(source_id)
            if each.created_at < began_at and each.currency == item.currency
        )

    def _entered_earlier(self, item: OpenItem, began_at: str) -> int:
        """Return what closing a payout entered, if that was before: its transfer comes later."""
        kind, _, payout_id = item.subject.partition(":")
        studio_id = studio_of_payout(payout_id)
        if kind != "payout" or studio_id is None:
            return 0
        payout = self.payouts.get(studio_id, payout_id)
        entry = self.entries.get(studio_id, payout.entry_seq) if payout else None
        if entry is None or entry.recorded_at >= began_at or entry.currency != item.currency:
            return 0
        return entry.payable_amount


def _less(balance: Mapping[str, int], moved: list[PlatformMovement]) -> dict[str, int]:
    """Return a balance as it was before some movements."""
    left = Counter(balance)
    for each in moved:
        left[each.currency] -= each.net_amount
    return dict(left)


def _second(at: datetime) -> datetime:
    """Return a time in whole seconds, as Stripe has them."""
    return at.astimezone(UTC).replace(microsecond=0)
