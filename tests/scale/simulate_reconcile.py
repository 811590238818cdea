"""A day's reconciliation of many accounts, by the real dispatcher and worker in simulated time.

``DispatchAccounts``, ``ReconcileAccount``, ``Pace`` and the rules of windows, retries and due times
are the product's own. Only comparing is played: it takes the calls that were measured.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, cast
from unittest.mock import patch

from functions.reconcile.dispatch_accounts import DispatchAccounts
from functions.reconcile.findings import Finding
from functions.reconcile.reconcile_account import ReconcileAccount
from functions.reconcile.scope import Account, Window
from shared.clock import rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.reconciliation import GRACE, Reconciliation, ReconciliationWork
from shared.gateways.reconcile_queue import ReconcileQueue
from shared.gateways.reconciliations import DueAccount, KnownAccount, Reconciliations
from shared.gateways.records.keys import PLATFORM
from shared.gateways.stripe.connection import RETRY_PAUSE_SECONDS
from shared.gateways.stripe.pace import Pace
from shared.workflow.account_watch import AccountWatch
from tests.faults.one_process import template
from tests.faults.one_process.outside_calls import STRIPE
from tests.faults.world.new_world import silence
from tests.own_thread import in_own_thread
from tests.scale import assumptions
from tests.scale.measure_reconcile import AccountCost, ReconcileCost
from tests.scale.meter import Call
from tests.scale.queue_workers import QueueWorkers, StripeLoad, Timeline

if TYPE_CHECKING:
    from functions.reconcile.compare_account import CompareAccount
    from shared.gateways.account_accesses import AccountAccesses
    from shared.gateways.foreign_objects import ForeignObjects
    from shared.gateways.stripe.accounts import StripeAccounts

# The hourly run that is simulated first: the platform's busy hours are over.
START = datetime(2026, 11, 30, 6, tzinfo=UTC)
_DAY = timedelta(days=1)
_HOURS, _HOUR_SECONDS = 48, 3600
_REFUNDS_OF_A_PAGE = 100
# A worker stops so long before its time is up.
MARGIN_SECONDS = 90
_MESSAGES_PER_CALL = 10
_READ, _WRITE, _SEND = Call("dynamodb", "Query"), Call("dynamodb", "PutItem"), Call("sqs", "Send")
_ASK = Call(STRIPE, "GET /v1/events")


class Trouble(StrEnum):
    """What is wrong with an account."""

    ANSWERS_500 = "answers 500"
    ANSWERS_429 = "answers 429"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True)
class SimulatedAccount:
    """An account, and what it has to compare.

    Attributes:
        account_id: The account; None for the platform's own.
        refunds_a_day: How many refunds were made on it, each day.
        trouble: What is wrong with it.
    """

    account_id: str | None
    refunds_a_day: int
    trouble: Trouble | None = None

    @property
    def name(self) -> str:
        """The account's id, or the platform's name."""
        return self.account_id or PLATFORM


@dataclass
class ReconcileOutcome:
    """What a simulated day did.

    Attributes:
        done_at: When each account was done, in seconds since the first run began.
        dispatch_seconds: How long the longest announcement took.
        invocations: How many workers were called.
        outcomes: What they reported.
        calls: The calls of workers by service.
        busiest: The most calls to Stripe in one second: reads, writes, and on one endpoint.
        window_seconds: How long each account's windows are in the end.
    """

    done_at: dict[str, float] = field(default_factory=dict)
    dispatch_seconds: float = 0.0
    invocations: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    busiest: dict[str, int] = field(default_factory=dict)
    window_seconds: dict[str, int] = field(default_factory=dict)

    def seconds(self, without: Iterable[str] = ()) -> float:
        """Return when the last account was done, apart from some."""
        apart = set(without)
        return max((at for name, at in self.done_at.items() if name not in apart), default=0.0)


class CallClock:
    """The time of one invocation, which each call moves on.

    Attributes:
        seconds: Since the first run began.
    """

    def __init__(self, calls: Counter[str], stripe: StripeLoad) -> None:
        self.seconds = 0.0
        self._calls, self._stripe = calls, stripe

    def __call__(self) -> datetime:
        """Return the time."""
        return START + timedelta(seconds=self.seconds)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds

    def spend(self, call: Call, seconds: float | None = None) -> None:
        """Let a call take its time, or another one."""
        self.seconds += call.seconds if seconds is None else seconds
        self._calls[call.service] += 1
        self._stripe.add(self.seconds, call)


class _Table(Reconciliations):
    """The accounts' items, in memory."""

    def __init__(self, known: dict[str | None, Reconciliation], clock: CallClock) -> None:
        self.known, self._clock = known, clock

    def begin(self, account_id: str | None, at: str) -> None:
        """All accounts have begun."""

    def load(self, account_id: str | None) -> KnownAccount | None:
        self._clock.spend(_READ)
        studio_ids = () if account_id is None else (f"st_{account_id}",)
        return KnownAccount(self.known[account_id], studio_ids, None)

    def save(self, reconciliation: Reconciliation) -> Reconciliation:
        self._clock.spend(_WRITE)
        stored = replace(reconciliation, version=reconciliation.version + 1)
        self.known[stored.account_id] = stored
        return stored

    def due(self, now: str) -> Iterator[DueAccount]:
        due = [each for each in self.known.values() if each.due_at <= now]
        for number, each in enumerate(sorted(due, key=lambda each: each.due_at)):
            if number % (assumptions.PAGE_BYTES // _INDEX_BYTES) == 0:
                self._clock.spend(_READ, assumptions.DYNAMODB_PAGE_SECONDS)
            yield DueAccount(each.account_id, each.due_at)


# An account in OpenIndex: its keys.
_INDEX_BYTES = 150


class _Queue(ReconcileQueue):
    """Takes messages, and keeps the time of each."""

    def __init__(self, clock: CallClock) -> None:
        self._clock = clock
        self.sent: list[tuple[float, ReconciliationWork]] = []

    def announce(self, works: Iterable[ReconciliationWork]) -> int:
        before = len(self.sent)
        for number, work in enumerate(works):
            if number % _MESSAGES_PER_CALL == 0:
                self._clock.spend(_SEND)
            self.sent.append((self._clock.seconds, work))
        return len(self.sent) - before

    def go_on(self, work: ReconciliationWork, version: int) -> None:  # noqa: ARG002  # as its base has it
        self.announce([work])


@dataclass
class _Comparison:
    """Takes the calls that comparing takes, or fails as the account does."""

    accounts: Mapping[str | None, SimulatedAccount]
    cost: ReconcileCost
    clock: CallClock
    pace: Pace

    def __call__(self, account: Account, window: Window) -> Iterator[Finding]:
        simulated = self.accounts[account.account_id]
        match simulated.trouble:
            case Trouble.ANSWERS_500:
                for _ in range(2):  # the SDK tries once more
                    self.clock.spend(_ASK)
                self.clock.wait(RETRY_PAUSE_SECONDS)
                raise StripeOutcomeUnknownError("api_error", key_spent=False)
            case Trouble.ANSWERS_429:
                self._meet_429s()
            case Trouble.DISCONNECTED:
                self.clock.spend(_ASK)
                raise StripeRefusedError("account_invalid", "no access", access_denied=True)
        refunds = made_between(simulated.refunds_a_day, window.since, window.until)
        is_platform = account.account_id is None
        if not refunds and not is_platform:
            self._spend(_inner(self.cost.idle.calls), window)
        else:
            self._compare(self.cost.platform if is_platform else self.cost.own, refunds, window)
        yield from ()

    def standing(self, account: Account) -> Iterator[Finding]:  # noqa: ARG002  # as the product's
        """Counted with each window."""
        yield from ()

    def _compare(self, cost: AccountCost, refunds: int, window: Window) -> None:
        self._spend(_inner(cost.quiet), window)
        for _ in range(-(-refunds // _REFUNDS_OF_A_PAGE) - 1):
            for call in cost.page:
                self.clock.spend(call, assumptions.seconds_of_page(call.service))
            self.clock.wait(_REFUNDS_OF_A_PAGE * assumptions.REFUND_SECONDS)
            window.keep_on()

    def _spend(self, calls: Sequence[Call], window: Window) -> None:
        for call in calls:
            self.clock.spend(call)
            window.keep_on()

    def _meet_429s(self) -> None:
        tries = 0
        while True:
            self.clock.spend(_ASK)
            tries += 1
            self.pace.pause(tries)


def _inner(calls: Sequence[Call]) -> Sequence[Call]:
    """Return an invocation's calls without reading the account first and saving it last."""
    return calls[1:-1]


class _Watch(AccountWatch):
    """Asks Stripe about an account, whose answer is that it left."""

    def explains(self, error: Exception, account_id: str | None) -> bool:  # noqa: ARG002  # as its base has it
        return isinstance(error, StripeRefusedError)


def made_between(a_day: int, since: datetime, until: datetime) -> int:
    """Return how many of a day's refunds are in a time: all are in each day's busy hours."""
    busy = timedelta(hours=assumptions.BUSY_HOURS)
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0) - _DAY
    found = timedelta(0)
    while midnight < until:
        begin = midnight + timedelta(hours=assumptions.BUSY_FROM_HOUR)
        found += max(min(until, begin + busy) - max(since, begin), timedelta(0))
        midnight += _DAY
    return round(a_day * (found / busy))


class ReconcileSimulation:
    """Runs the hourly schedule and the workers until all accounts without trouble are done.

    Args:
        accounts: The accounts, all due when the first run begins, in this order.
        cost: What comparing calls.
        window_seconds: How long the windows are of accounts that have been busy before.
    """

    def __init__(
        self,
        accounts: Sequence[SimulatedAccount],
        cost: ReconcileCost,
        window_seconds: Mapping[str, int] | None = None,
    ) -> None:
        deployed = template.functions()["reconcile"]
        self.outcome = ReconcileOutcome()
        self._timeout_seconds = deployed.timeout_seconds
        self._accounts = {each.account_id: each for each in accounts}
        self._healthy = {each.name for each in accounts if each.trouble is None}
        self._load = StripeLoad()
        self._clock = CallClock(self.outcome.calls, self._load)
        known = {
            each.account_id: _yesterday(each.account_id, (window_seconds or {}).get(each.name))
            for each in accounts
        }
        self._table, self._queue = _Table(known, self._clock), _Queue(self._clock)
        self._dispatch = DispatchAccounts(self._table, self._queue, self._clock)
        pace = Pace()
        self._reconcile = ReconcileAccount(
            self._table,
            cast("CompareAccount", _Comparison(self._accounts, cost, self._clock, pace)),
            cast("ForeignObjects", None),
            _Watch(cast("AccountAccesses", None), cast("StripeAccounts", None), self._clock),
            self._queue,
            pace,
            self._clock,
        )
        self._timeline = Timeline()
        workers = deployed.maximum_concurrency or 1
        self._workers = QueueWorkers(self._timeline, workers, self._begin, self._end)
        self._follow_ups: dict[str, list[ReconciliationWork]] = {}

    def run(self) -> ReconcileOutcome:
        """Run it."""
        self._timeline.at(0.0, self._announce)
        sleep = in_own_thread(self._clock.wait, time.sleep)
        with patch("time.sleep", sleep), silence():
            self._timeline.run()
        self.outcome.busiest = self._load.busiest()
        self.outcome.window_seconds = {
            self._accounts[each].name: at.window_seconds for each, at in self._table.known.items()
        }
        return self.outcome

    def _announce(self, now: float) -> None:
        """Announce what is due, and plan the next run."""
        self._clock.seconds = now
        self._dispatch(time_is_up=self._time_is_up(now))
        took = self._clock.seconds - now
        self.outcome.dispatch_seconds = max(self.outcome.dispatch_seconds, took)
        for at, work in self._taken():
            self._timeline.at(at, _sending(self._workers, work))
        is_left = not self._healthy <= self.outcome.done_at.keys()
        if now + _HOUR_SECONDS < _HOURS * _HOUR_SECONDS and is_left:
            self._timeline.at(now + _HOUR_SECONDS, self._announce)

    def _begin(self, now: float, work: ReconciliationWork) -> float:
        """Let a worker reconcile an account, and return how long that takes."""
        self._clock.seconds = now + assumptions.INVOCATION_SECONDS
        self.outcome.invocations += 1
        reported = self._reconcile(work, time_is_up=self._time_is_up(now))
        self.outcome.outcomes[reported] += 1
        self._follow_ups[work.account_id or PLATFORM] = [each for _, each in self._taken()]
        if reported in {"AccountReconciled", "AccountReconcileDisconnected"}:
            self.outcome.done_at.setdefault(work.account_id or PLATFORM, self._clock.seconds)
        return self._clock.seconds - now

    def _end(self, now: float, work: ReconciliationWork) -> None:
        follow_ups = self._follow_ups.pop(work.account_id or PLATFORM)
        if now > _HOURS * _HOUR_SECONDS:
            return  # an account that never ends
        for each in follow_ups:
            self._workers.send(now, each.account_id or PLATFORM, each)

    def _taken(self) -> list[tuple[float, ReconciliationWork]]:
        taken, self._queue.sent = self._queue.sent, []
        return taken

    def _time_is_up(self, began_at: float) -> Callable[[], bool]:
        stops_at = began_at + self._timeout_seconds - MARGIN_SECONDS
        return lambda: self._clock.seconds > stops_at


def _sending(
    workers: QueueWorkers[ReconciliationWork], work: ReconciliationWork
) -> Callable[[float], None]:
    return lambda at: workers.send(at, work.account_id or PLATFORM, work)


def _yesterday(account_id: str | None, window_seconds: int | None) -> Reconciliation:
    """Return an account that was compared a day ago and found clean."""
    began = START - _DAY
    known = Reconciliation(
        account_id,
        rfc3339(START),
        clean_until=rfc3339(began - GRACE),
        reconciled_at=rfc3339(began),
    )
    return replace(known, window_seconds=window_seconds) if window_seconds else known


def accounts_of(studios: int) -> list[SimulatedAccount]:
    """Return the accounts of so many studios, each of which has refunds: the platform's first."""
    a_day = assumptions.REFUNDS_OF_A_STUDIO_A_DAY
    own = studios // assumptions.STUDIOS_FOR_EACH_OWN_ACCOUNT
    return [
        SimulatedAccount(None, (studios - own) * a_day),
        *(SimulatedAccount(f"acct_{number}", a_day) for number in range(own)),
    ]


def simulate_day(accounts: Sequence[SimulatedAccount], cost: ReconcileCost) -> ReconcileOutcome:
    """Reconcile a day of accounts whose windows have found their length in the days before."""
    busy = [each for each in accounts if each.refunds_a_day > assumptions.REFUNDS_OF_A_STUDIO_A_DAY]
    window_seconds: dict[str, int] = {}
    for _ in range(2):
        window_seconds = ReconcileSimulation(busy, cost, window_seconds).run().window_seconds
    return ReconcileSimulation(accounts, cost, window_seconds).run()
