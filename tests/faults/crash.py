"""Stopping a process at a call: before it is made, or after, when its answer is lost."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from tests.faults.engine import Answer
from tests.faults.wire import Call, Perform
from tests.faults.world import Stopped


class When(StrEnum):
    """On which side of a call the process ends."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Point:
    """A place where a process ends: a side of the n-th call, counted from 0."""

    number: int
    when: When


@dataclass
class CrashingLine:
    """Writes down the calls of some functions, and stops the process at one of them.

    Attributes:
        functions: Whose calls count.
        point: Where to stop, or None to write down alone.
        calls: The calls that were made, or would have been.
    """

    functions: Collection[str]
    point: Point | None = None
    calls: list[Call] = field(default_factory=list)

    def carry(self, call: Call, perform: Perform, /) -> Answer:
        """Carry a call, or end."""
        if call.function not in self.functions:
            return perform()
        self.calls.append(call)
        here = self.point is not None and len(self.calls) - 1 == self.point.number
        if here and self.point is not None and self.point.when is When.BEFORE:
            raise Stopped
        answer = perform()
        if here:
            raise Stopped
        return answer
