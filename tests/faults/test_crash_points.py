"""Stopped before and after every call that any flow makes: the books are as if it never was."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.faults import template
from tests.faults.books import MoneyOracle, faults_of, read_books
from tests.faults.crash import CrashingLine, Point, When
from tests.faults.flows import FLOWS, Flow
from tests.faults.report import CRASH_POINTS, RecordProperty
from tests.faults.world import NOT_HERE, new_world

# Functions that write nothing that anybody else reads; every other one is in a flow.
ONLY_READING = {"find_orders", "payouts", "refund_report"}
# Writes a file for a report, the same each time; its life is in test_export_report.py.
ONLY_FILES = {"export_report"}
# Writes down, in one put under a condition, what a person says they did.
ONLY_WORDS = {"attention"}


@dataclass(frozen=True)
class Played:
    """A flow played to its end and beyond, until nothing is under way any more.

    Attributes:
        errors: What does not hold, in words.
    """

    books: MoneyOracle
    errors: list[str]


def played(flow: Flow, line: CrashingLine, *, acts: bool = True, gives_up: bool = False) -> Played:
    with new_world() as world:
        flow.before(world)
        world.client_gives_up = gives_up
        world.wire.line = line
        if acts:
            flow.act(world)
        line.functions = ()
        flow.after(world)
        books = read_books(world)
        return Played(books, world.errors + faults_of(books))


def stopped_at_each_call(
    flow: Flow, expected: Played, calls: int, *, gives_up: bool
) -> Iterator[str]:
    """Yield what was otherwise than without a stop, for each place where it was."""
    untouched = played(flow, CrashingLine(()), acts=False) if gives_up else None
    for point in (Point(number, when) for number in range(calls) for when in When):
        line = CrashingLine(flow.functions, point)
        now = played(flow, line, gives_up=gives_up)
        same = now.books.compared() == expected.books.compared()
        if untouched is not None and not now.books.knows_of("key-1"):
            # Nobody asked again: then it is as if nobody had asked.
            same = same or now.books.compared() == untouched.books.compared()
        if now.errors or not same:
            where = f"{flow.name}: stopped {point.when} {line.calls[point.number]}"
            yield f"{where}: {now.errors or now.books.differences(expected.books)}"


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_books_after_a_stop_are_those_without(flow: Flow, record_property: RecordProperty) -> None:
    undisturbed = CrashingLine(flow.functions)
    expected = played(flow, undisturbed)
    assert expected.errors == []
    calls = len(undisturbed.calls)
    assert calls > 0
    found = list(stopped_at_each_call(flow, expected, calls, gives_up=False))
    points = 2 * calls
    if flow.client:
        found += stopped_at_each_call(flow, expected, calls, gives_up=True)
        points += 2 * calls
    record_property(CRASH_POINTS, [flow.name, points, points - len(found)])
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_every_function_that_writes_is_stopped_in_a_flow() -> None:
    stopped = {name for flow in FLOWS for name in flow.functions}
    others = ONLY_READING | ONLY_FILES | ONLY_WORDS | NOT_HERE
    assert stopped | others == set(template.functions())
