"""Idempotency keys."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.stripe_standin.seeds import CONNECTED_ACCOUNT

pytestmark = pytest.mark.usefixtures("seeded")


def refund(
    api: httpx.Client, key: str, account: str | None = None, **params: str
) -> httpx.Response:
    headers = {"Idempotency-Key": key}
    if account is not None:
        headers["Stripe-Account"] = account
    return api.post("/v1/refunds", data={"charge": "ch_platform"} | params, headers=headers)


def refunds_made(api: httpx.Client) -> int:
    return len(api.get("/v1/refunds").json()["data"])


def test_same_request_gets_the_saved_response(api: httpx.Client) -> None:
    first = refund(api, "k", amount="100")
    second = refund(api, "k", amount="100")

    assert second.json() == first.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Original-Request"] == first.headers["Request-Id"]
    assert second.headers["Request-Id"] != first.headers["Request-Id"]
    assert refunds_made(api) == 1


def test_saved_response_does_not_change_with_the_refund(
    api: httpx.Client, control: httpx.Client
) -> None:
    made = refund(api, "k").json()
    control.post(f"/refunds/{made['id']}", json={"status": "failed"})

    assert refund(api, "k").json()["status"] == "succeeded"


def test_key_with_other_parameters_is_refused(api: httpx.Client) -> None:
    refund(api, "k", amount="100")

    # The key is checked first, so even invalid parameters get this error.
    for params in ({"amount": "200"}, {"amount": "x"}, {"metadata[a]": "b"}):
        response = refund(api, "k", **params)
        assert response.status_code == 400
        assert response.json()["error"]["type"] == "idempotency_error"
    assert refunds_made(api) == 1


def test_key_with_another_endpoint_is_refused(api: httpx.Client) -> None:
    refund(api, "k")

    response = api.post("/v1/application_fees/fee_direct/refunds", headers={"Idempotency-Key": "k"})

    assert response.status_code == 400
    assert "same endpoint" in response.json()["error"]["message"]


def test_order_of_parameters_does_not_matter(api: httpx.Client) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/x-www-form-urlencoded"}
    first = api.post("/v1/refunds", content="charge=ch_platform&amount=5", headers=headers)

    again = api.post("/v1/refunds", content="amount=5&charge=ch_platform", headers=headers)

    assert again.json()["id"] == first.json()["id"]


def test_each_account_has_its_own_keys(api: httpx.Client) -> None:
    platform = refund(api, "k", amount="100")
    connected = refund(api, "k", CONNECTED_ACCOUNT, charge="ch_direct", amount="200")

    assert (platform.json()["amount"], connected.json()["amount"]) == (100, 200)


def test_error_during_execution_is_saved(api: httpx.Client, control: httpx.Client) -> None:
    refund(api, "all")
    refused = refund(api, "k", amount="100")
    assert refused.json()["error"]["code"] == "charge_already_refunded"
    first = api.get("/v1/refunds").json()["data"][0]["id"]
    control.post(f"/refunds/{first}", json={"status": "failed"})

    again = refund(api, "k", amount="100")

    assert again.status_code == 400
    assert again.headers["Idempotent-Replayed"] == "true"
    assert refund(api, "k2", amount="100").status_code == 200


def test_error_for_an_unknown_charge_is_saved(api: httpx.Client, control: httpx.Client) -> None:
    assert refund(api, "k", charge="ch_late").status_code == 404
    late = {"id": "ch_late", "payment_intent": None, "amount": 1, "currency": "usd", "fee": 0}
    control.post("/charges", json={"charges": [late]})

    assert refund(api, "k", charge="ch_late").status_code == 404


def test_validation_error_is_not_saved(api: httpx.Client) -> None:
    assert refund(api, "k", amount="0").status_code == 400
    assert refund(api, "k", color="red").status_code == 400

    assert refund(api, "k", amount="100").status_code == 200


def test_unauthenticated_and_rate_limited_requests_save_nothing(
    api: httpx.Client, control: httpx.Client
) -> None:
    headers = {"Idempotency-Key": "k", "Authorization": "Bearer sk_test_somebody_else"}
    assert (
        api.post("/v1/refunds", data={"charge": "ch_platform"}, headers=headers).status_code == 401
    )
    control.post("/faults", json={"fault": "status_429"})
    limited = refund(api, "k")
    assert (limited.status_code, limited.json()["error"]["code"]) == (429, "rate_limit")

    assert refund(api, "k").status_code == 200


def test_500_after_the_effect_is_saved(api: httpx.Client, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "status_500_after_effect"})

    first, second = refund(api, "k"), refund(api, "k")

    assert (first.status_code, second.status_code) == (500, 500)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.json()["error"]["type"] == "api_error"
    assert refunds_made(api) == 1


def test_500_before_the_effect_is_saved(api: httpx.Client, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "status_500_before_effect"})

    statuses = [refund(api, "k").status_code for _ in range(2)]

    assert statuses == [500, 500]
    assert refunds_made(api) == 0
    assert refund(api, "k:2").status_code == 200


def test_key_expires_after_a_day(api: httpx.Client, control: httpx.Client) -> None:
    refund(api, "k", amount="100")
    control.post("/clock", json={"advance_s": 24 * 3600 - 60})
    assert refund(api, "k", amount="100").headers["Idempotent-Replayed"] == "true"
    control.post("/clock", json={"advance_s": 60})

    assert "Idempotent-Replayed" not in refund(api, "k", amount="100").headers
    assert refunds_made(api) == 2


def test_key_has_at_most_255_characters(api: httpx.Client) -> None:
    assert refund(api, "k" * 256).status_code == 400
    assert refund(api, "k" * 255).status_code == 200


def test_concurrent_use_of_a_key_is_refused(api: httpx.Client, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "slow", "seconds": 0.3})
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(refund, api, "k")
        while control.get("/faults").json()["faults"]:
            time.sleep(0.005)

        meanwhile = refund(api, "k")

        assert meanwhile.status_code == 409
        error = meanwhile.json()["error"]
        assert (error["type"], error["code"]) == ("idempotency_error", "idempotency_key_in_use")
        assert slow.result().status_code == 200
    assert refund(api, "k").json()["id"] == slow.result().json()["id"]
    assert refunds_made(api) == 1


def test_get_ignores_the_key(api: httpx.Client) -> None:
    made = refund(api, "k").json()

    assert api.get(f"/v1/refunds/{made['id']}", headers={"Idempotency-Key": "k"}).json() == made


def test_concurrent_refunds_never_exceed_the_charge(
    api: httpx.Client, control: httpx.Client
) -> None:
    def attempt(number: int) -> str:
        # Each key is used twice, so this requests 20 refunds of 1500. Six of them fit.
        response = refund(api, f"key{number % 20}", amount="1500")
        body = response.json()
        return str(body["id"] if response.is_success else body["error"]["param"])

    with ThreadPoolExecutor(8) as pool:
        outcomes = set(pool.map(attempt, range(40)))

    assert len(outcomes - {"amount"}) == 6
    totals = control.get("/totals", params={"charge": "ch_platform"}).json()
    assert totals == {
        "charge": "ch_platform",
        "count": 6,
        "amount": 9000,
        "charge_amount": 10000,
        "refundable_amount": 1000,
        "by_status": {"succeeded": 6},
    }
