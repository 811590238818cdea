"""Counts the calls that each invocation of a function makes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.faults.one_process.answer import Answer
from tests.faults.one_process.outside_calls import OutsideCall, PassThrough, Perform
from tests.faults.world.world import FaultWorld
from tests.scale import assumptions

# A function reads its secret once for each execution environment.
_ONCE_FOR_EACH_ENVIRONMENT = "secrets-manager"

_READS = ("Get", "Query", "BatchGet", "GET ")


@dataclass(frozen=True, slots=True)
class Call:
    """A call out of a function: AWS's operation, or the method and path at Stripe."""

    service: str
    operation: str

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.operation.startswith(_READS)

    @property
    def seconds(self) -> float:
        """How long it takes, as assumed."""
        return assumptions.seconds_of(self.service)


@dataclass(frozen=True, slots=True)
class Invocation:
    """The calls of one invocation, in order, without those that only a new environment makes."""

    function: str
    calls: tuple[Call, ...]

    @property
    def seconds(self) -> float:
        """How long it takes, as assumed."""
        return assumptions.INVOCATION_SECONDS + sum(call.seconds for call in self.calls)

    def count(self, service: str) -> int:
        """Return how many calls to a service it makes."""
        return sum(call.service == service for call in self.calls)

    def by_operation(self) -> Counter[str]:
        """Return how often it calls each operation."""
        return Counter(f"{call.service} {call.operation}" for call in self.calls)


@dataclass
class Meter:
    """Records the calls of functions, one list for each invocation."""

    invocations: list[tuple[str, list[Call]]] = field(default_factory=list)

    def intercept(self, call: OutsideCall, perform: Perform, /) -> Answer:
        """Record a call and make it."""
        if call.is_first:
            self.invocations.append((call.function, []))
        if call.service != _ONCE_FOR_EACH_ENVIRONMENT:
            self.invocations[-1][1].append(Call(call.service, call.operation))
        return perform()

    def recorded(self) -> Sequence[Invocation]:
        """Return the invocations that made calls."""
        return [Invocation(function, tuple(calls)) for function, calls in self.invocations]


@contextmanager
def metered(world: FaultWorld) -> Iterator[Meter]:
    """Record the calls of functions in a context."""
    meter = Meter()
    world.outside_calls.interceptor = meter
    try:
        yield meter
    finally:
        world.outside_calls.interceptor = PassThrough()
