"""Fault injection."""

import time

import httpx
import pytest
import stripe

from infra.stripe_standin import RunningStandin
from tests.stripe_standin.seeds import CONNECTED_ACCOUNT

pytestmark = pytest.mark.usefixtures("seeded")


def count_refunds(api: httpx.Client) -> int:
    return len(api.get("/v1/refunds").json()["data"])


@pytest.mark.parametrize(("when", "refunds"), [("before", 0), ("after", 1)])
def test_request_can_time_out_before_or_after_its_effect(
    api: httpx.Client, control: httpx.Client, when: str, refunds: int
) -> None:
    control.post("/faults", json={"fault": f"timeout_{when}_effect", "seconds": 30})
    request = {"data": {"charge": "ch_platform"}, "headers": {"Idempotency-Key": "k"}}

    started = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        api.post("/v1/refunds", **request, timeout=0.1)  # type: ignore[arg-type] # httpx's own keywords

    assert time.monotonic() - started < 5
    assert count_refunds(api) == refunds
    retried = api.post("/v1/refunds", **request)  # type: ignore[arg-type] # httpx's own keywords
    assert retried.status_code == 200
    assert ("Idempotent-Replayed" in retried.headers) == (when == "after")
    assert count_refunds(api) == 1


def test_timeout_ends_without_a_response(api: httpx.Client, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "timeout_after_effect", "seconds": 0.1})

    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending"):
        api.post("/v1/refunds", data={"charge": "ch_platform"})

    assert count_refunds(api) == 1


@pytest.mark.parametrize(("when", "refunds"), [("before", 0), ("after", 1)])
def test_connection_can_reset_before_or_after_the_effect(
    api: httpx.Client, control: httpx.Client, when: str, refunds: int
) -> None:
    control.post("/faults", json={"fault": f"reset_{when}_effect"})

    with pytest.raises(httpx.ReadError, match="reset by peer"):
        api.post("/v1/refunds", data={"charge": "ch_platform"})

    assert count_refunds(api) == refunds


def test_sdk_gets_a_connection_error_and_its_retry_succeeds(
    standin: RunningStandin, client: stripe.StripeClient, control: httpx.Client
) -> None:
    control.post("/faults", json={"fault": "reset_after_effect", "times": 2})
    with pytest.raises(stripe.APIConnectionError):
        client.v1.refunds.create({"charge": "ch_platform", "amount": 100})
    patient = stripe.StripeClient(
        standin.api_key, base_addresses={"api": standin.url}, max_network_retries=1
    )

    # The SDK sends its own idempotency key, so its retry gets the lost response.
    refund = patient.v1.refunds.create({"charge": "ch_platform", "amount": 200})

    assert refund.amount == 200
    assert client.v1.charges.retrieve("ch_platform").amount_refunded == 300


def test_sdk_raises_its_own_error_for_each_status(
    standin: RunningStandin, client: stripe.StripeClient, control: httpx.Client
) -> None:
    control.post("/faults", json={"fault": "status_429"})
    with pytest.raises(stripe.RateLimitError):
        client.v1.refunds.create({"charge": "ch_platform"})
    control.post("/faults", json={"fault": "status_500_before_effect"})
    with pytest.raises(stripe.APIError):
        client.v1.refunds.create({"charge": "ch_platform"})
    stranger = stripe.StripeClient("sk_test_wrong", base_addresses={"api": standin.url})
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.charges.list()


def test_response_can_be_slow(api: httpx.Client, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "slow", "seconds": 0.2})

    started = time.monotonic()
    assert api.get("/v1/charges").status_code == 200

    assert time.monotonic() - started >= 0.2


def test_fault_waits_for_a_matching_request(api: httpx.Client, control: httpx.Client) -> None:
    match = {
        "method": "POST",
        "path_prefix": "/v1/refunds",
        "charge": "ch_direct",
        "account": CONNECTED_ACCOUNT,
    }
    fault = {"fault": "status_429", "times": 2, "match": match}
    added = control.post("/faults", json=fault).json()
    assert (added["fault"], added["times_left"], added["match"]) == ("status_429", 2, match)

    on_account = {"Stripe-Account": CONNECTED_ACCOUNT}
    assert api.get("/v1/refunds").status_code == 200
    assert api.post("/v1/refunds", data={"charge": "ch_platform"}).status_code == 200
    for target in ({"charge": "ch_direct"}, {"payment_intent": "pi_direct"}):
        assert api.post("/v1/refunds", data=target, headers=on_account).status_code == 429
    assert control.get("/faults").json() == {"faults": []}
    refund = api.post("/v1/refunds", data={"charge": "ch_direct"}, headers=on_account).json()

    control.post("/faults", json={"fault": "status_429", "match": {"charge": "ch_direct"}})
    assert api.get(f"/v1/refunds/{refund['id']}", headers=on_account).status_code == 429


def test_network_fault_and_outcome_fault_can_hit_one_request(
    api: httpx.Client, control: httpx.Client
) -> None:
    control.post("/faults", json={"fault": "pending"})
    control.post("/faults", json={"fault": "reset_after_effect"})

    with pytest.raises(httpx.ReadError):
        api.post("/v1/refunds", data={"charge": "ch_platform"})

    assert api.get("/v1/refunds").json()["data"][0]["status"] == "pending"


def test_refused_request_does_not_use_up_an_outcome_fault(
    api: httpx.Client, control: httpx.Client
) -> None:
    control.post("/faults", json={"fault": "pending"})
    assert api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "0"}).is_error
    assert api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "10001"}).is_error

    assert len(control.get("/faults").json()["faults"]) == 1
    assert control.delete("/faults").json() == {"faults": []}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"fault": "meteor"}, "fault"),
        ({"fault": "slow", "times": 0}, "times"),
        ({"fault": "slow", "times": "2"}, "times"),
        ({"fault": "slow", "seconds": -1}, "seconds"),
        ({"fault": "slow", "color": "red"}, "color"),
        ({"fault": "slow", "match": {"verb": "POST"}}, "match.verb"),
        ({"fault": "pending", "match": {"path_prefix": "/v1/transfers"}}, "pending cannot happen"),
        ({"fault": "pending", "match": {"path_prefix": "/v1/charges"}}, "pending cannot happen"),
        ({}, "fault"),
    ],
)
def test_wrong_faults_are_refused(
    control: httpx.Client, body: dict[str, object], complaint: str
) -> None:
    response = control.post("/faults", json=body)

    assert response.status_code == 400
    assert complaint in response.json()["error"]["message"]
    assert control.get("/faults").json() == {"faults": []}
