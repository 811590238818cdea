"""One stand-in for the whole run, reset before each test, and the clients that use it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from infra.stripe_standin import RunningStandin, running_standin
from tests.stripe_standin.seeds import CHARGE, DIRECT_CHARGE
from tests.stripe_standin.stripe_schema import (
    SPEC_IS_HERE,
    UndescribedError,
    validate_object,
    validate_response,
)
from tests.stripe_standin.webhook_receiver import Receiver, running_receiver


@pytest.fixture(scope="session")
def session_standin() -> Iterator[RunningStandin]:
    with running_standin() as running:
        yield running


@pytest.fixture(scope="session")
def session_control(session_standin: RunningStandin) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=session_standin.control_url) as running:
        yield running


def check_response(response: httpx.Response) -> None:
    """Check a response against Stripe's description."""
    response.read()
    request, body = response.request, response.json()
    try:
        validate_response(request.method, request.url.path, response.status_code, body)
    except UndescribedError:
        kind = "error" if response.is_error else body["object"]
        validate_object(kind, body)


@pytest.fixture(scope="session")
def session_api(session_standin: RunningStandin) -> Iterator[httpx.Client]:
    hooks: dict[str, list[Any]] = {"response": [check_response] if SPEC_IS_HERE else []}
    headers = {"Authorization": f"Bearer {session_standin.api_key}"}
    with httpx.Client(base_url=session_standin.url, headers=headers, event_hooks=hooks) as running:
        yield running


@pytest.fixture
def standin(session_standin: RunningStandin, session_control: httpx.Client) -> RunningStandin:
    """A stand-in without the state of other tests."""
    session_control.delete("/state").raise_for_status()
    return session_standin


@pytest.fixture
def control(standin: RunningStandin, session_control: httpx.Client) -> httpx.Client:
    """A client of the control API."""
    del standin
    return session_control


@pytest.fixture
def api(standin: RunningStandin, session_api: httpx.Client) -> httpx.Client:
    """A plain HTTP client of Stripe's API that checks the shape of every response."""
    del standin
    return session_api


@pytest.fixture
def client(standin: RunningStandin) -> stripe.StripeClient:
    """Stripe's SDK without its retries, so that a test sees every response."""
    return stripe.StripeClient(
        standin.api_key, base_addresses={"api": standin.url}, max_network_retries=0
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def seeded(control: httpx.Client) -> None:
    """Seed ch_platform on the platform, and ch_direct with fee_direct on a connected account."""
    platform = CHARGE | {"id": "ch_platform", "payment_intent": "pi_platform"}
    direct = DIRECT_CHARGE | {
        "id": "ch_direct",
        "payment_intent": "pi_direct",
        "application_fee": "fee_direct",
    }
    control.post("/charges", json={"charges": [platform, direct]}).raise_for_status()


@pytest.fixture
def quick_webhooks(control: httpx.Client) -> None:
    """Deliver events without a delay and retry after a moment."""
    control.post("/webhooks", json={"delay_s": 0, "retry_base_s": 0.01}).raise_for_status()
