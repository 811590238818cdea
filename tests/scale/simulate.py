"""Simulated time: a schedule announces what is due, and workers with a limit do it.

Nothing here calls the product. What a piece of work costs was measured on it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from shared.domain.due_work import CHARGE, DueWork, fair_share
from shared.domain.order import OrderKey
from shared.workflow.stripe_attempt import next_poll_time
from tests.scale import assumptions
from tests.scale.meter import Invocation
from tests.scale.queue_workers import QueueWorkers, StripeLoad, Timeline

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
        self._timeline = Timeline()
        self._queue = QueueWorkers(self._timeline, self.limits.workers, self._begin, self._end)
        self._stripe = StripeLoad()
        self._open = dict.fromkeys(range(len(self.tasks)))
        self._parts_left = {number: task.parts for number, task in enumerate(self.tasks)}
        self._tries: Counter[int] = Counter()
        self._next_try_at: dict[int, float] = {}
        self._works = [
            DueWork("", OrderKey(task.studio, str(number)), CHARGE)
            for number, task in enumerate(self.tasks)
        ]

    def run(self) -> Outcome:
        """Run it."""
        self._timeline.at(0.0, self._announce)
        self._timeline.run()
        self.outcome.busiest = self._stripe.busiest()
        return self.outcome

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
            arrive = partial(self._queue.send, group=self.tasks[number].studio, message=number)
            self._timeline.at(at, arrive)
        self.outcome.messages += sent
        self.outcome.dispatch_seconds = max(self.outcome.dispatch_seconds, at - now)
        following = now + self.limits.interval_seconds
        if following < self.days * _DAY_SECONDS:
            self._timeline.at(following, self._announce)

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

    def _begin(self, now: float, number: int) -> float:
        """Let a worker begin with a message, and return how long it takes."""
        task = self.tasks[number]
        if number in self._open and self._next_try_at.get(number, 0.0) <= now:
            cost, seconds = task.cost, task.seconds
            if task.backs_off:
                self._back_off(number, now)
        else:
            self.outcome.repeats += 1
            cost, seconds = self.repeated, self.repeated.seconds
        self._count(now, cost)
        return seconds

    def _back_off(self, number: int, now: float) -> None:
        """Store when a piece of work is tried next, by the product's own rule."""
        pause = next_poll_time(self._tries[number], _SOME_TIME) - _SOME_TIME
        self._tries[number] += 1
        self._next_try_at[number] = now + pause.total_seconds()

    def _end(self, now: float, number: int) -> None:
        task = self.tasks[number]
        if number not in self._open or task.is_hopeless:
            return
        self._parts_left[number] -= 1
        if self._parts_left[number] == 0:
            del self._open[number]
            self.outcome.done_at[task.studio] = now
        else:  # the worker announced its own continuation
            self._queue.send(now, task.studio, number)

    def _count(self, began_at: float, cost: Invocation) -> None:
        at = began_at + assumptions.INVOCATION_SECONDS
        for call in cost.calls:
            at += call.seconds
            self.outcome.calls[f"{call.service} {call.operation}"] += 1
            self._stripe.add(at, call)
