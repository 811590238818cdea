"""What all tests share: the one local stack of a run."""

import os
from pathlib import Path

import pytest

from infra.local.stack import Stack
from tests.stack.run import StackRun, obtain_stack

# Use cases also count in this process. Powertools needs a namespace when it prints the counts.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "PPS/Tests")

_RUN = pytest.StashKey[StackRun]()
_DIRECTORY = pytest.StashKey[Path]()
_FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    workerinput = getattr(config, "workerinput", None)
    if workerinput is not None:  # a worker of xdist: the run is its controller's
        config.stash[_DIRECTORY] = Path(workerinput["stack_directory"])
        return
    run = StackRun.begin()
    config.stash[_RUN] = run
    config.stash[_DIRECTORY] = run.directory


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell xdist's worker where the run's stack is."""
    node.workerinput["stack_directory"] = str(node.config.stash[_DIRECTORY])  # type: ignore[attr-defined] # xdist has no types


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that need the stack first, and the load test last.

    Each worker begins with a part of this list. So one starts the stack, while the others run tests
    that need none, and later take over some of its own. A worker that comes to the load test, which
    starts a stack of its own, does so while the others have much left.
    """

    def place(item: pytest.Item) -> tuple[bool, bool]:
        needs_stack = "stack" in getattr(item, "fixturenames", ())
        return not needs_stack, "load" in item.path.parts

    items.sort(key=place)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_FAILED] = exitstatus == pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.end(keep_files=config.stash.get(_FAILED, False))


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Stack:
    """The deployed template with its three studios and no orders. Tests sell their own."""
    return obtain_stack(pytestconfig.stash[_DIRECTORY])
