"""Simulated time, a FIFO queue with its workers, and what they ask of Stripe in each second."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from tests.faults.one_process.outside_calls import STRIPE
from tests.scale.meter import Call


class Timeline:
    """Events in order of their time, in seconds since the beginning."""

    def __init__(self) -> None:
        self._numbers = count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []

    def at(self, seconds: float, event: Callable[[float], None]) -> None:
        """Plan an event. It is told the time when it happens."""
        heappush(self._events, (seconds, next(self._numbers), event))

    def run(self) -> None:
        """Let all events happen, and those that they plan."""
        while self._events:
            at, _, event = heappop(self._events)
            event(at)


class QueueWorkers[Message]:
    """SQS FIFO: a group's messages are done one by one, and the oldest message is next.

    Args:
        timeline: The time.
        workers: How many workers there are.
        begin: Begins with a message at a time, and returns how many seconds it takes.
        end: Is told when a message is done. What it sends to the message's group comes after it.
    """

    def __init__(
        self,
        timeline: Timeline,
        workers: int,
        begin: Callable[[float, Message], float],
        end: Callable[[float, Message], None],
    ) -> None:
        self._timeline, self._begin, self._end = timeline, begin, end
        self._idle = workers
        self._numbers = count()
        self._ready: list[tuple[int, str, Message]] = []
        self._waiting: defaultdict[str, deque[tuple[int, str, Message]]] = defaultdict(deque)
        self._held: set[str] = set()

    def send(self, now: float, group: str, message: Message) -> None:
        """Add a message to a group."""
        sent = next(self._numbers), group, message
        if group in self._held:
            self._waiting[group].append(sent)
        else:
            self._held.add(group)
            heappush(self._ready, sent)
        self._start(now)

    def _start(self, now: float) -> None:
        """Let idle workers take the oldest messages whose groups are free."""
        while self._idle and self._ready:
            _, group, message = heappop(self._ready)
            self._idle -= 1
            seconds = self._begin(now, message)

            def done(at: float, group: str = group, message: Message = message) -> None:
                self._done(at, group, message)

            self._timeline.at(now + seconds, done)

    def _done(self, now: float, group: str, message: Message) -> None:
        self._idle += 1
        self._end(now, message)
        if waiting := self._waiting[group]:
            heappush(self._ready, waiting.popleft())
        else:
            self._held.discard(group)
        self._start(now)


class StripeLoad:
    """Counts the calls to Stripe in each second."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, int]] = Counter()

    def add(self, at: float, call: Call) -> None:
        """Count a call if it is one to Stripe."""
        if call.service == STRIPE:
            self._calls["reads" if call.is_read else "writes", int(at)] += 1
            self._calls[call.operation, int(at)] += 1

    def busiest(self) -> dict[str, int]:
        """Return the most calls in one second: reads, writes, and on each endpoint."""
        found: dict[str, int] = {}
        for (name, _), calls in self._calls.items():
            found[name] = max(found.get(name, 0), calls)
        return found
