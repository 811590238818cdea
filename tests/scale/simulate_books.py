"""The proof of a day's books, by the real ``ProveBooks`` in simulated time.

Its windows and continuations are the product's own. Only what it reads is played: it takes the
calls that were measured.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from functions.reconcile.prove_books import BooksProof, ProveBooks
from functions.reconcile.read_ledgers import LedgerPeriod, ReadLedgers
from shared.clock import rfc3339
from shared.domain.platform_books import PlatformBooks
from shared.domain.platform_movement import PlatformMovement
from shared.gateways.books_store import BooksStore
from shared.gateways.stripe.platform_balance import PlatformBalance, TooManyMovementsError
from tests.faults.one_process import template
from tests.faults.one_process.outside_calls import STRIPE
from tests.faults.world.new_world import silence
from tests.scale import assumptions
from tests.scale.measure_books import BooksCost
from tests.scale.meter import Call
from tests.scale.queue_workers import StripeLoad
from tests.scale.simulate_reconcile import MARGIN_SECONDS, START, CallClock, made_between

if TYPE_CHECKING:
    from shared.gateways.ledger_entries import LedgerEntries
    from shared.gateways.ledger_store import LedgerStore
    from shared.gateways.order_lists import OrderLists
    from shared.gateways.payouts_table import PayoutsTable
    from shared.gateways.stripe.transfers import StripeTransfers

_PAGE = 100
_ENTRIES_OF_A_QUERY = 50
_READ, _WRITE, _SEND = Call("dynamodb", "Query"), Call("dynamodb", "PutItem"), Call("sqs", "Send")
_LIST, _BALANCE = Call(STRIPE, "GET /v1/balance_transactions"), Call(STRIPE, "GET /v1/balance")


@dataclass
class BooksOutcome:
    """What a simulated proof did.

    Attributes:
        seconds: How long it took.
        invocations: How many workers were called, one after the other.
        windows: How many windows it stored.
        calls: The calls by service.
    """

    seconds: float = 0.0
    invocations: int = 0
    windows: int = 0
    calls: Counter[str] = field(default_factory=Counter)


class _Store(BooksStore):
    """The books, in memory."""

    def __init__(self, books: PlatformBooks, clock: CallClock, outcome: BooksOutcome) -> None:
        self.books, self._clock, self._outcome = books, clock, outcome

    def get(self) -> PlatformBooks:
        self._clock.spend(_READ)
        return self.books

    def put(self, books: PlatformBooks) -> PlatformBooks:
        self._clock.spend(_WRITE)
        self._outcome.windows += books.until > self.books.until
        self.books = replace(books, version=books.version + 1)
        return self.books


@dataclass(frozen=True, slots=True)
class _Ledgers(ReadLedgers):
    """Takes the time that reading the changed ledgers takes."""

    changed_ledgers: int
    movements_a_day: int
    cost: BooksCost
    clock: CallClock

    def __call__(
        self,
        since: datetime,
        until: datetime,
        *,
        studios: Iterable[str],
        time_is_up: Callable[[], bool],
        with_later: bool = False,  # noqa: ARG002  # as its base has it
    ) -> LedgerPeriod:
        wanted = sum(1 for _ in studios)
        self._pages(wanted)
        newer = made_between(self.movements_a_day, since, self.clock())
        queries = 1 + newer // max(1, wanted) // _ENTRIES_OF_A_QUERY
        for _ in range(wanted):
            if time_is_up():
                raise TimeoutError
            for _ in range(queries * self.cost.calls_of_a_ledger):
                self.clock.spend(_READ)
        self._pages(made_between(self.movements_a_day, since, until))
        return LedgerPeriod()

    def changed(self) -> Iterator[str]:
        self.clock.spend(_READ, assumptions.DYNAMODB_PAGE_SECONDS)
        yield from map(str, range(self.changed_ledgers))

    def _pages(self, items: int) -> None:
        for _ in range(-(-items // _PAGE)):
            self.clock.spend(_READ, assumptions.DYNAMODB_PAGE_SECONDS)


class _Balance(PlatformBalance):
    """Takes the time that reading the balance and its movements takes."""

    def __init__(self, movements_a_day: int, clock: CallClock) -> None:
        self._a_day, self._clock = movements_a_day, clock

    def read(self) -> dict[str, int]:
        self._clock.spend(_BALANCE)
        return {}

    def movements(
        self,
        since: datetime,
        until: datetime | None,
        *,
        time_is_up: Callable[[], bool],
        most: int | None = None,
    ) -> list[PlatformMovement]:
        made = made_between(self._a_day, since, until or self._clock())
        for page in range(max(1, -(-made // _PAGE))):
            if most is not None and page * _PAGE > most and until is not None:
                raise TooManyMovementsError(self._since_of(page * _PAGE, since, until))
            if time_is_up():
                raise TimeoutError
            self._clock.spend(_LIST, assumptions.STRIPE_PAGE_SECONDS)
            self._clock.wait(_PAGE * assumptions.MOVEMENT_SECONDS)
        # Of PPS's own business, so that it needs no entry.
        return [PlatformMovement("txn", "topup", 1, "usd", rfc3339(since))] * made

    def _since_of(self, newest: int, since: datetime, until: datetime) -> str:
        """Return since when the newest movements were made."""
        at = until
        while at > since and made_between(self._a_day, at, until) < newest:
            at -= timedelta(minutes=1)
        return rfc3339(at)


def simulate_proof(ledgers: int, movements_a_day: int, cost: BooksCost) -> BooksOutcome:
    """Prove a day's books.

    Args:
        ledgers: How many ledgers have changed.
        movements_a_day: How many movements of the platform's balance there were, each with an
            entry.
        cost: What was measured.
    """
    outcome = BooksOutcome()
    clock = CallClock(outcome.calls, StripeLoad())
    yesterday = rfc3339(START - timedelta(days=1))
    payouts, entries = cast("PayoutsTable", None), cast("LedgerEntries", None)
    heads, orders = cast("LedgerStore", None), cast("OrderLists", None)
    prove = ProveBooks(
        _Store(PlatformBooks(yesterday, yesterday, by_changes=True), clock, outcome),
        _Balance(movements_a_day, clock),
        cast("StripeTransfers", None),
        _Ledgers(payouts, heads, entries, orders, ledgers, movements_a_day, cost, clock),
        entries,
        payouts,
        clock,
    )
    timeout_seconds = template.functions()["reconcile"].timeout_seconds

    def run() -> object:
        outcome.invocations += 1
        stops_at = clock.seconds + timeout_seconds - MARGIN_SECONDS
        clock.wait(assumptions.INVOCATION_SECONDS)
        return prove(time_is_up=lambda: clock.seconds > stops_at)

    with silence():
        while not isinstance(run(), BooksProof):
            clock.spend(_SEND)
    outcome.seconds = clock.seconds
    return outcome
