"""One Chromium for all tests of a worker."""

import os
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import httpx
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from infra.build.browser import find_chromium
from infra.local.stack import Stack
from tests.browser.people import People
from tests.e2e.world import DeployedStack, until

# A machine that runs other tests too starts a function slowly.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def world(stack: Stack) -> Iterator[DeployedStack]:
    """The deployed stack with its three studios."""
    with closing(DeployedStack(stack)) as world:
        yield world


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running Chromium. Without one the tests fail and say how to get one."""
    found = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.path, env={**os.environ, **found.environment}
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def people(chromium: Browser, stack: Stack, world: DeployedStack) -> People:
    """People of every role, who open the page."""
    # One after the other. A page asks for all of them at once, and on a busy machine so many cold
    # starts take longer than CloudFront waits.
    for path in ("/me", "/orders", "/attention/count"):
        until(partial(_is_answered, world, path), f"{path} is answered", seconds=120)
    return People(chromium, stack)


def _is_answered(world: DeployedStack, path: str) -> bool | None:
    return world.call("GET", path).status_code == httpx.codes.OK or None
