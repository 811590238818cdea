"""A stand-in for the whole run, emptied before each test, and clients that talk to it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from infra.stripe_standin import RunningStandin, running_standin
from tests.stripe_standin.stripe_schema import (
    SPEC_IS_HERE,
    UndescribedError,
    validate_object,
    validate_response,
)
from tests.stripe_standin.webhook_receiver import Receiver, running_receiver

STUDIO = "acct_1Lakeside"


@pytest.fixture(scope="session")
def session_standin() -> Iterator[RunningStandin]:
    with running_standin() as running:
        yield running


@pytest.fixture(scope="session")
def session_control(session_standin: RunningStandin) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=session_standin.control_url) as running:
        yield running


def conforms_to_stripe(response: httpx.Response) -> None:
    """Hold every answer against Stripe's description, where that is at hand."""
    response.read()
    request, body = response.request, response.json()
    try:
        validate_response(request.method, request.url.path, response.status_code, body)
    except UndescribedError:
        kind = "error" if response.is_error else body["object"]
        validate_object(kind, body)


@pytest.fixture(scope="session")
def session_api(session_standin: RunningStandin) -> Iterator[httpx.Client]:
    hooks: dict[str, list[Any]] = {"response": [conforms_to_stripe] if SPEC_IS_HERE else []}
    headers = {"Authorization": f"Bearer {session_standin.api_key}"}
    with httpx.Client(base_url=session_standin.url, headers=headers, event_hooks=hooks) as running:
        yield running


@pytest.fixture
def standin(session_standin: RunningStandin, session_control: httpx.Client) -> RunningStandin:
    """A stand-in that remembers nothing of other tests."""
    session_control.delete("/state").raise_for_status()
    return session_standin


@pytest.fixture
def control(standin: RunningStandin, session_control: httpx.Client) -> httpx.Client:
    """A client of the control API."""
    del standin
    return session_control


@pytest.fixture
def api(standin: RunningStandin, session_api: httpx.Client) -> httpx.Client:
    """A plain HTTP client of Stripe's API that checks the shape of every answer."""
    del standin
    return session_api


@pytest.fixture
def client(standin: RunningStandin) -> stripe.StripeClient:
    """Stripe's SDK, without its retries, so that each test sees each answer."""
    return stripe.StripeClient(
        standin.api_key, base_addresses={"api": standin.url}, max_network_retries=0
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def seeded(control: httpx.Client) -> None:
    """Seed ch_platform on the platform, and ch_direct with its fee on the studio's account."""
    platform = {
        "id": "ch_platform",
        "payment_intent": "pi_platform",
        "amount": 10000,
        "currency": "usd",
        "fee": 320,
    }
    direct = {
        "id": "ch_direct",
        "payment_intent": "pi_direct",
        "amount": 10000,
        "currency": "usd",
        "fee": 320,
        "account": STUDIO,
        "application_fee": "fee_direct",
        "application_fee_amount": 1500,
    }
    control.post("/charges", json={"charges": [platform, direct]}).raise_for_status()
