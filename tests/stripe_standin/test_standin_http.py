"""Every request: keys, URLs, forms, headers and the request log."""

import base64

import httpx
import pytest
import stripe

from infra.stripe_standin import RunningStandin
from tests.stripe_standin.seeds import CONNECTED_ACCOUNT


@pytest.mark.parametrize("authorization", ["", "Bearer", "Digest x", "Basic !", "Basic Og=="])
def test_request_without_a_key_is_refused(api: httpx.Client, authorization: str) -> None:
    response = api.get("/v1/charges", headers={"Authorization": authorization})

    assert response.status_code == 401
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.json()["error"]["message"].startswith("You did not provide an API key.")
    assert "WWW-Authenticate" in response.headers


def test_error_for_a_wrong_key_masks_the_key(api: httpx.Client) -> None:
    response = api.get("/v1/charges", headers={"Authorization": "Bearer sk_test_verysecretkey"})

    assert response.status_code == 401
    assert response.json()["error"]["message"] == (
        "Invalid API Key provided: sk_test**********tkey"
    )


def test_basic_authentication_is_accepted(api: httpx.Client, standin: RunningStandin) -> None:
    credentials = base64.b64encode(f"{standin.api_key}:".encode()).decode()

    response = api.get("/v1/charges", headers={"Authorization": f"Basic {credentials}"})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/customers"), ("DELETE", "/v1/refunds"), ("PUT", "/v1/refunds"), ("GET", "/v2/x")],
)
def test_unknown_url_is_refused(api: httpx.Client, method: str, path: str) -> None:
    response = api.request(method, path)

    assert response.status_code == 404
    assert f"({method}: {path})" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "type_"),
    [
        (b'{"charge": "ch_1"}', "application/json"),
        (b"charge=%ff", "application/x-www-form-urlencoded"),
        (b"charge=\xff", "application/x-www-form-urlencoded"),
    ],
)
def test_body_must_be_a_form(api: httpx.Client, content: bytes, type_: str) -> None:
    response = api.post("/v1/refunds", content=content, headers={"Content-Type": type_})

    assert response.status_code == 400
    assert "check that your POST content type" in response.json()["error"]["message"]


def test_parameter_cannot_be_a_text_and_an_object(api: httpx.Client) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    response = api.post("/v1/refunds", content="metadata=a&metadata[b]=c", headers=headers)

    assert response.json()["error"]["param"] == "metadata"


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("expand", ["expand[]", "expand[0]"])
def test_form_can_write_a_list_with_or_without_indexes(api: httpx.Client, expand: str) -> None:
    body = api.get("/v1/charges/ch_platform", params={expand: "refunds"}).json()

    assert body["refunds"] == {
        "object": "list",
        "data": [],
        "has_more": False,
        "url": "/v1/charges/ch_platform/refunds",
    }


@pytest.mark.usefixtures("seeded")
def test_expansion_reaches_through_lists(api: httpx.Client) -> None:
    made = api.post("/v1/refunds", data={"charge": "ch_platform"}).json()
    params = {"expand[]": ["data.refunds.data.charge", "data.payment_intent.latest_charge"]}

    charge = api.get("/v1/charges", params=params).json()["data"][0]

    assert charge["refunds"]["data"][0]["charge"]["id"] == "ch_platform"
    assert charge["payment_intent"]["latest_charge"]["id"] == "ch_platform"
    txn = api.get(
        f"/v1/balance_transactions/{made['balance_transaction']}", params={"expand[]": "source"}
    )
    assert txn.json()["source"]["id"] == made["id"]


def test_response_has_stripes_headers(api: httpx.Client) -> None:
    response = api.get("/v1/charges", headers={"Stripe-Version": "2024-06-20"})

    assert response.headers["Request-Id"].startswith("req_")
    assert response.headers["Stripe-Version"] == "2024-06-20"


@pytest.mark.usefixtures("seeded")
def test_requests_are_logged(
    client: stripe.StripeClient, control: httpx.Client, api: httpx.Client
) -> None:
    start = control.get("/requests").json()["requests"]
    options: stripe.RequestOptions = {"idempotency_key": "k", "stripe_account": CONNECTED_ACCOUNT}
    for _ in range(2):
        client.v1.refunds.create({"charge": "ch_direct", "expand": ["charge"]}, options)
    api.post("/v1/refunds", data={"charge": "ch_nowhere"})
    control.post("/faults", json={"fault": "reset_before_effect"})
    with pytest.raises(httpx.ReadError):
        api.post("/v1/refunds", data={"charge": "ch_platform"})

    assert start == []
    first, replay, missing, lost = control.get("/requests").json()["requests"]
    assert (first["method"], first["path"]) == ("POST", "/v1/refunds")
    assert (first["account"], first["idempotency_key"]) == (CONNECTED_ACCOUNT, "k")
    assert first["params"] == {"charge": "ch_direct", "expand": ["charge"]}
    assert first["stripe_version"] == stripe.api_version
    assert (first["status"], first["replayed"], first["error_code"]) == (200, False, None)
    assert (replay["status"], replay["replayed"]) == (200, True)
    assert (missing["status"], missing["error_code"]) == (404, "resource_missing")
    assert (lost["status"], lost["faults"]) == (None, ["reset_before_effect"])
    since = control.get("/requests", params={"since": missing["seq"]}).json()["requests"]
    assert since == [lost]
    assert control.delete("/requests").json() == {"requests": []}
    assert control.get("/requests").json() == {"requests": []}
    assert control.get("/requests", params={"since": "now"}).status_code == 400
