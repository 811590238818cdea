"""The deployed template, used as its users do: over HTTP, events and queues."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from infra.local.stack import Stack
from tests.e2e.world import DeployedStack


@pytest.fixture(scope="session")
def world(stack: Stack) -> Iterator[DeployedStack]:
    """The deployed stack with its three studios."""
    with closing(DeployedStack(stack)) as world:
        yield world
