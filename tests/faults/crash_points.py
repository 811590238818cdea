"""Crashes a flow at each outside call, and compares its records with those of no crash."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from tests.faults.final_state import FinalState, read_final_state
from tests.faults.flows import Flow
from tests.faults.money_oracle import MoneyOracle
from tests.faults.one_process.answer import Answer
from tests.faults.one_process.failed_calls import FunctionCrash
from tests.faults.one_process.outside_calls import Interceptor, OutsideCall, PassThrough, Perform
from tests.faults.world.new_world import new_world
from tests.faults.world.world import FaultWorld


class CrashTiming(StrEnum):
    """On which side of an outside call a function crashes."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class CrashPoint:
    """A place where a function crashes: before or after its n-th outside call, from 0."""

    call_number: int
    timing: CrashTiming


@dataclass
class CrashInterceptor:
    """Records the outside calls of a function, and crashes it at one of them.

    Attributes:
        point: Where to crash, or None to record only.
        calls: The function's calls, including the one where it crashed.
    """

    function: str
    point: CrashPoint | None = None
    calls: list[OutsideCall] = field(default_factory=list)

    def intercept(self, call: OutsideCall, perform: Perform, /) -> Answer:
        """Perform a call, or crash before or after it."""
        if call.function != self.function:
            return perform()
        number = len(self.calls)
        self.calls.append(call)
        if self.point == CrashPoint(number, CrashTiming.BEFORE):
            raise FunctionCrash
        answer = perform()
        if self.point == CrashPoint(number, CrashTiming.AFTER):
            raise FunctionCrash
        return answer


@dataclass(frozen=True)
class PlayedFlow:
    """The records of a flow, once nothing is under way any more.

    Attributes:
        errors: The unexpected errors, and the rules that do not hold.
    """

    state: FinalState
    errors: list[str]


def play(flow: Flow, interceptor: Interceptor, *, client_gives_up: bool = False) -> PlayedFlow:
    """Play a flow to its end, with an interceptor during its action."""
    with new_world() as world:
        flow.scene(world)
        world.client.gives_up = client_gives_up
        world.outside_calls.interceptor = interceptor
        flow.action(world)
        world.outside_calls.interceptor = PassThrough()
        return _finish(flow, world)


def play_without_action(flow: Flow) -> PlayedFlow:
    """Play a flow's scene to its end."""
    with new_world() as world:
        flow.scene(world)
        return _finish(flow, world)


def crash_points(calls: list[OutsideCall]) -> list[CrashPoint]:
    """Return the points of a function's calls that leave different records.

    Functions make one call at a time. So a crash before a call leaves what a crash after the call
    before it leaves, unless that call was of another invocation.
    """
    return [
        CrashPoint(number, timing)
        for number, call in enumerate(calls)
        for timing in CrashTiming
        if timing is CrashTiming.AFTER or call.is_first
    ]


def crash_at_each_point(
    flow: Flow, expected: PlayedFlow, points: list[CrashPoint], *, client_gives_up: bool
) -> Iterator[str]:
    """Yield a sentence for each crash point after which the records differ from those of no crash.

    Args:
        flow: The flow.
        expected: The flow played without a crash.
        points: Where to crash.
        client_gives_up: Whether the client asks only once. Then the request may also be as if it
            had never been made.
    """
    without_request = play_without_action(flow) if client_gives_up else None
    for point in points:
        interceptor = CrashInterceptor(flow.function, point)
        crashed = play(flow, interceptor, client_gives_up=client_gives_up)
        is_same = crashed.state.comparable() == expected.state.comparable()
        if without_request is not None and not crashed.state.has_request("key-1"):
            is_same |= crashed.state.comparable() == without_request.state.comparable()
        if crashed.errors or not is_same:
            difference = crashed.errors or crashed.state.differences(expected.state)
            call = interceptor.calls[point.call_number]
            yield f"{flow.name}: crashed {point.timing} {call}: {difference}"


def _finish(flow: Flow, world: FaultWorld) -> PlayedFlow:
    flow.afterwards(world)
    state = read_final_state(world)
    return PlayedFlow(state, world.functions.errors + MoneyOracle(state).violations())
