"""Simulated time: a schedule announces what is due, and workers with a limit do it.

The queue is SQS FIFO: a group's messages are done one after the other, and among groups the oldest
message is next. Nothing here calls the product. What a piece of work costs was measured on it.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from shared.domain.due_work import CHARGE, DueWork, fair_share
from shared.domain.order import OrderKey
from shared.workflow.stripe_attempt import next_poll_time
from tests.faults.one_process.outside_calls import STRIPE
from tests.scale import assumptions
from tests.scale.meter import Invocation

_MESSAGES_PER_CALL = 10
_DAY_SECONDS = 86_400.0
_SOME_TIME = datetime(2026, 10, 19, tzinfo=UTC)


class Limits(Protocol):
    """The limits of a dispatcher and its workers; ``Pair`` has them."""

    @property
    def workers(self) -> int: ...
    @property
    def interval_seconds(self) -> int: ...
    @property
    def timeout_seconds(self) -> int: ...
    @property
    def most_of_studio(self) -> int | None: ...
    @property
    def most_of_all(self) -> int | None: ...
    @property
    def reads_all_open(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work.

    Attributes:
        studio: Its studio, which is its message group.
        cost: The calls that it makes.
        seconds: How long a worker needs for it, or for a part of it.
        parts: How many workers it takes, one after the other.
        is_hopeless: Whether it is never done.
        backs_off: Whether the worker stores the time of its next try first, as for a refund. Other
            work is still due in the next run.
    """

    studio: str
    cost: Invocation
    seconds: float
    parts: int = 1
    is_hopeless: bool = False
    backs_off: bool = False


@dataclass
class Outcome:
    """What a simulation did.

    Attributes:
        done_at: When each studio's last task was done, in seconds since the first run began.
        dispatch_seconds: How long the longest run took to announce what was due.
        messages: How many messages were sent.
        repeats: How many of them were about work that was done already.
        calls: The calls of workers, by service and operation.
        busiest: The most calls to Stripe in one second: reads, writes, and on one endpoint.
    """

    done_at: dict[str, float] = field(default_factory=dict)
    dispatch_seconds: float = 0.0
    messages: int = 0
    repeats: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    busiest: dict[str, int] = field(default_factory=dict)

    def seconds(self, without: Iterable[str] = ()) -> float:
        """Return when the last studio was done, apart from some."""
        apart = set(without)
        return max((at for studio, at in self.done_at.items() if studio not in apart), default=0.0)


@dataclass
class Simulation:
    """Runs a schedule and its workers until all is done that can be done.

    Args:
        limits: The limits.
        tasks: What is due when the first run begins, in the order of the index.
        repeated: What a message costs whose work is done already.
        index_bytes: The size of a piece of work in the index.
        days: When to stop at last.
    """

    limits: Limits
    tasks: Sequence[Task]
    repeated: Invocation
    index_bytes: int
    days: float = 2.0

    def __post_init__(self) -> None:
        self.outcome = Outcome()
        self._numbers = count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._open = dict.fromkeys(range(len(self.tasks)))
        self._ready: list[tuple[int, int]] = []
        self._waiting: defaultdict[str, deque[tuple[int, int]]] = defaultdict(deque)
        self._held: set[str] = set()
        self._idle = self.limits.workers
        self._parts_left = {number: task.parts for number, task in enumerate(self.tasks)}
        self._stripe: Counter[tuple[str, int]] = Counter()
        self._tries: Counter[int] = Counter()
        self._next_try_at: dict[int, float] = {}
        self._works = [
            DueWork("", OrderKey(task.studio, str(number)), CHARGE)
            for number, task in enumerate(self.tasks)
        ]

    def run(self) -> Outcome:
        """Run it."""
        self._at(0.0, self._announce)
        while self._events:
            at, _, event = heappop(self._events)
            event(at)
        for (name, _), calls in self._stripe.items():
            self.outcome.busiest[name] = max(self.outcome.busiest.get(name, 0), calls)
        return self.outcome

    def _at(self, seconds: float, event: Callable[[float], None]) -> None:
        heappush(self._events, (seconds, next(self._numbers), event))

    def _announce(self, now: float) -> None:
        """Announce what is due, and plan the next run."""
        if all(self.tasks[number].is_hopeless for number in self._open) and now > 0:
            return
        at, sent = now, 0
        bytes_read = 0
        if self.limits.reads_all_open:
            pages = -(-len(self._open) * self.index_bytes // assumptions.PAGE_BYTES)
            at += pages * assumptions.DYNAMODB_SECONDS
        for number in self._share(now):
            if not self.limits.reads_all_open:
                if bytes_read % assumptions.PAGE_BYTES < self.index_bytes:
                    at += assumptions.DYNAMODB_SECONDS
                bytes_read += self.index_bytes
            if sent % _MESSAGES_PER_CALL == 0:
                at += assumptions.OTHER_SECONDS["sqs"]
            if at - now > self.limits.timeout_seconds:
                break
            sent += 1
            self._at(at, lambda moment, number=number: self._arrive(moment, number))  # type: ignore[misc]  # binds the loop's number
        self.outcome.messages += sent
        self.outcome.dispatch_seconds = max(self.outcome.dispatch_seconds, at - now)
        following = now + self.limits.interval_seconds
        if following < self.days * _DAY_SECONDS:
            self._at(following, self._announce)

    def _share(self, now: float) -> Iterator[int]:
        """Yield what a run announces, by the product's own rule."""
        numbers = [number for number in self._open if self._next_try_at.get(number, 0.0) <= now]
        of_studio, of_all = self.limits.most_of_studio, self.limits.most_of_all
        if of_studio is None or of_all is None:
            yield from numbers
            return
        works = (self._works[number] for number in numbers)
        for work in fair_share(works, of_studio=of_studio, of_all=of_all):
            yield int(work.order.order_id)

    def _arrive(self, now: float, number: int) -> None:
        message = (next(self._numbers), number)
        studio = self.tasks[number].studio
        if studio in self._held:
            self._waiting[studio].append(message)
        else:
            self._held.add(studio)
            heappush(self._ready, message)
        self._start(now)

    def _start(self, now: float) -> None:
        """Let idle workers take the oldest messages whose groups are free."""
        while self._idle and self._ready:
            _, number = heappop(self._ready)
            self._idle -= 1
            task = self.tasks[number]
            if number in self._open and self._next_try_at.get(number, 0.0) <= now:
                cost, seconds = task.cost, task.seconds
                if task.backs_off:
                    self._back_off(number, now)
            else:
                self.outcome.repeats += 1
                cost, seconds = self.repeated, self.repeated.seconds
            self._count(now, cost)
            self._at(now + seconds, lambda at, number=number: self._end(at, number))  # type: ignore[misc]  # binds the loop's number

    def _back_off(self, number: int, now: float) -> None:
        """Store when a piece of work is tried next, by the product's own rule."""
        pause = next_poll_time(self._tries[number], _SOME_TIME) - _SOME_TIME
        self._tries[number] += 1
        self._next_try_at[number] = now + pause.total_seconds()

    def _end(self, now: float, number: int) -> None:
        task = self.tasks[number]
        self._idle += 1
        if number in self._open and not task.is_hopeless:
            self._parts_left[number] -= 1
            if self._parts_left[number] == 0:
                del self._open[number]
                self.outcome.done_at[task.studio] = now
            else:  # the worker announced its own continuation
                self._waiting[task.studio].append((next(self._numbers), number))
        if waiting := self._waiting[task.studio]:
            heappush(self._ready, waiting.popleft())
        else:
            self._held.discard(task.studio)
        self._start(now)

    def _count(self, began_at: float, cost: Invocation) -> None:
        at = began_at + assumptions.INVOCATION_SECONDS
        for call in cost.calls:
            at += call.seconds
            self.outcome.calls[f"{call.service} {call.operation}"] += 1
            if call.service == STRIPE:
                second = int(at)
                self._stripe["reads" if call.is_read else "writes", second] += 1
                self._stripe[f"{call.operation}", second] += 1
