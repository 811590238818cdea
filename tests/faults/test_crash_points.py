"""Stopped before and after every call that any flow makes: the books are as if it never was."""

import pytest

from tests.faults.books import Books, faults_of, read_books
from tests.faults.crash import CrashingLine, Point, When
from tests.faults.engine import is_installed
from tests.faults.flows import FLOWS, Flow
from tests.faults.world import World, new_world
from infra.paths import ROOT

pytestmark = pytest.mark.skipif(
    not is_installed(), reason="the engine is not installed: make setup"
)


def played(flow: Flow, line: CrashingLine, *, acts: bool = True, gives_up: bool = False) -> Books:
    """Play a flow to its end and beyond: until nothing is under way any more."""
    with new_world() as world:
        flow.before(world)
        world.client_gives_up = gives_up
        world.wire.line = line
        if acts:
            flow.act(world)
        line.functions = ()
        world.calm_down()
        assert world.errors == []
        return read_books(world)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_books_after_a_stop_are_those_without(flow: Flow) -> None:
    undisturbed = CrashingLine(flow.functions)
    expected = played(flow, undisturbed)
    assert faults_of(expected) == []
    assert undisturbed.calls
    for number, call in enumerate(undisturbed.calls):
        for when in When:
            books = played(flow, CrashingLine(flow.functions, Point(number, when)))
            assert faults_of(books) == [], f"stopped {when} {call}"
            assert books.compared() == expected.compared(), f"stopped {when} {call}"
