"""A backend on the local engine's tables, with a Stripe stand-in of this process."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from infra.local.stack import Stack
from infra.stripe_standin import RunningStandin, running_standin
from tests.integration.backend import Backend


@pytest.fixture(scope="session")
def standin_server() -> Iterator[RunningStandin]:
    with running_standin() as server:
        yield server


@pytest.fixture
def standin(standin_server: RunningStandin) -> RunningStandin:
    """The stand-in, empty, with its webhooks held: tests deliver events themselves."""
    httpx.delete(f"{standin_server.control_url}/state").raise_for_status()
    httpx.post(f"{standin_server.control_url}/webhooks", json={"mode": "hold"}).raise_for_status()
    return standin_server


@pytest.fixture
def make_backend(stack: Stack, standin: RunningStandin) -> Callable[..., Backend]:
    """Return a function that makes a studio's world: ``make_backend(direct=True, …)``."""

    def make(**changes: object) -> Backend:
        return Backend(
            dynamodb=stack.aws.dynamodb,
            sqs=stack.aws.sqs,
            orders_table=stack.tables["orders"],
            ledger_table=stack.tables["ledger"],
            stripe_url=standin.url,
            **changes,  # type: ignore[arg-type]  # the Backend's own fields
        )

    return make


@pytest.fixture
def backend(make_backend: Callable[..., Backend]) -> Backend:
    """A studio whose orders are charged on the platform's account, in dollars."""
    return make_backend()
