import time

import httpx
import pytest
import stripe

from infra.stripe_standin import RunningStandin

pytestmark = pytest.mark.usefixtures("seeded")
STUDIO = "acct_1Lakeside"


def made(api: httpx.Client) -> int:
    return len(api.get("/v1/refunds").json()["data"])


@pytest.mark.parametrize(("when", "refunds"), [("before", 0), ("after", 1)])
def test_timeout(api: httpx.Client, control: httpx.Client, when: str, refunds: int) -> None:
    control.post("/faults", json={"fault": f"timeout_{when}_effect", "seconds": 30})
    request = {"data": {"charge": "ch_platform"}, "headers": {"Idempotency-Key": "k"}}

    started = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        api.post("/v1/refunds", **request, timeout=0.1)  # type: ignore[arg-type] # httpx's own keywords

    assert time.monotonic() - started < 5
    assert made(api) == refunds
    retried = api.post("/v1/refunds", **request)  # type: ignore[arg-type] # httpx's own keywords
    assert retried.status_code == 200
    assert ("Idempotent-Replayed" in retried.headers) == (when == "after")
    assert made(api) == 1


def test_timeout_ends_without_an_answer(api: httpx.Client, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "timeout_after_effect", "seconds": 0.1})

    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending"):
        api.post("/v1/refunds", data={"charge": "ch_platform"})

    assert made(api) == 1


@pytest.mark.parametrize(("when", "refunds"), [("before", 0), ("after", 1)])
def test_reset(api: httpx.Client, control: httpx.Client, when: str, refunds: int) -> None:
    control.post("/faults", json={"fault": f"reset_{when}_effect"})

    with pytest.raises(httpx.ReadError, match="reset by peer"):
        api.post("/v1/refunds", data={"charge": "ch_platform"})

    assert made(api) == refunds


def test_sdk_sees_a_connection_error_and_its_retry_succeeds(
    standin: RunningStandin, client: stripe.StripeClient, control: httpx.Client
) -> None:
    control.post("/faults", json={"fault": "reset_after_effect", "times": 2})
    with pytest.raises(stripe.APIConnectionError):
        client.v1.refunds.create({"charge": "ch_platform", "amount": 100})
    patient = stripe.StripeClient(
        standin.api_key, base_addresses={"api": standin.url}, max_network_retries=1
    )

    # The SDK makes up a key of its own, so its retry gets the answer that was lost.
    refund = patient.v1.refunds.create({"charge": "ch_platform", "amount": 200})

    assert refund.amount == 200
    assert client.v1.charges.retrieve("ch_platform").amount_refunded == 300


def test_sdk_turns_statuses_into_its_errors(
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


def test_slow(api: httpx.Client, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "slow", "seconds": 0.2})

    started = time.monotonic()
    assert api.get("/v1/charges").status_code == 200

    assert time.monotonic() - started >= 0.2


def test_fault_waits_for_its_match(api: httpx.Client, control: httpx.Client) -> None:
    match = {
        "method": "POST",
        "path_prefix": "/v1/refunds",
        "charge": "ch_direct",
        "account": STUDIO,
    }
    fault = {"fault": "status_429", "times": 2, "match": match}
    answer = control.post("/faults", json=fault).json()
    assert (answer["fault"], answer["times_left"], answer["match"]) == ("status_429", 2, match)

    studio = {"Stripe-Account": STUDIO}
    assert api.get("/v1/refunds").status_code == 200
    assert api.post("/v1/refunds", data={"charge": "ch_platform"}).status_code == 200
    for target in ({"charge": "ch_direct"}, {"payment_intent": "pi_direct"}):
        assert api.post("/v1/refunds", data=target, headers=studio).status_code == 429
    assert control.get("/faults").json() == {"faults": []}
    refund = api.post("/v1/refunds", data={"charge": "ch_direct"}, headers=studio).json()

    control.post("/faults", json={"fault": "status_429", "match": {"charge": "ch_direct"}})
    assert api.get(f"/v1/refunds/{refund['id']}", headers=studio).status_code == 429


def test_wire_and_outcome_can_meet(api: httpx.Client, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "pending"})
    control.post("/faults", json={"fault": "reset_after_effect"})

    with pytest.raises(httpx.ReadError):
        api.post("/v1/refunds", data={"charge": "ch_platform"})

    assert api.get("/v1/refunds").json()["data"][0]["status"] == "pending"


def test_refused_request_does_not_use_up_an_outcome(
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
        ({"fault": "slow", "colour": "red"}, "colour"),
        ({"fault": "slow", "match": {"verb": "POST"}}, "match.verb"),
        ({"fault": "pending", "match": {"path_prefix": "/v1/transfers"}}, "pending cannot happen"),
        ({"fault": "pending", "match": {"path_prefix": "/v1/charges"}}, "pending cannot happen"),
        ({}, "fault"),
    ],
)
def test_faults_are_checked(control: httpx.Client, body: dict[str, object], complaint: str) -> None:
    response = control.post("/faults", json=body)

    assert response.status_code == 400
    assert complaint in response.json()["error"]["message"]
    assert control.get("/faults").json() == {"faults": []}
