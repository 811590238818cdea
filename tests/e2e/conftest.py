"""The deployed template, spoken to as its users do: HTTP, events, queues."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from infra.local.stack import Stack
from tests.e2e.world import DeployedStack


@pytest.fixture(scope="session")
def world(stack: Stack) -> Iterator[DeployedStack]:
    """The stack's three studios, with what it takes to act on them."""
    with closing(DeployedStack(stack)) as world:
        yield world
