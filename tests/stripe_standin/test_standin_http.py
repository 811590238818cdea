"""What goes for every request: keys, URLs, forms, headers, the log, and the control API."""

import base64

import httpx
import pytest
import stripe

from infra.stripe_standin import RunningStandin

STUDIO = "acct_1Lakeside"
CHARGE = {"id": "ch_1", "payment_intent": "pi_1", "amount": 10000, "currency": "usd", "fee": 320}


@pytest.mark.parametrize("authorization", ["", "Bearer", "Digest x", "Basic !", "Basic Og=="])
def test_no_key(api: httpx.Client, authorization: str) -> None:
    response = api.get("/v1/charges", headers={"Authorization": authorization})

    assert response.status_code == 401
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.json()["error"]["message"].startswith("You did not provide an API key.")
    assert "WWW-Authenticate" in response.headers


def test_wrong_key_is_not_repeated(api: httpx.Client) -> None:
    response = api.get("/v1/charges", headers={"Authorization": "Bearer sk_test_verysecretkey"})

    assert response.status_code == 401
    assert response.json()["error"]["message"] == (
        "Invalid API Key provided: sk_test**********tkey"
    )


def test_basic_authentication(api: httpx.Client, standin: RunningStandin) -> None:
    credentials = base64.b64encode(f"{standin.api_key}:".encode()).decode()

    response = api.get("/v1/charges", headers={"Authorization": f"Basic {credentials}"})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/customers"), ("DELETE", "/v1/refunds"), ("PUT", "/v1/refunds"), ("GET", "/v2/x")],
)
def test_unknown_url(api: httpx.Client, method: str, path: str) -> None:
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


def test_name_with_two_meanings(api: httpx.Client) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    response = api.post("/v1/refunds", content="metadata=a&metadata[b]=c", headers=headers)

    assert response.json()["error"]["param"] == "metadata"


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("expand", ["expand[]", "expand[0]"])
def test_both_ways_to_write_a_list(api: httpx.Client, expand: str) -> None:
    body = api.get("/v1/charges/ch_platform", params={expand: "refunds"}).json()

    assert body["refunds"] == {
        "object": "list",
        "data": [],
        "has_more": False,
        "url": "/v1/charges/ch_platform/refunds",
    }


@pytest.mark.usefixtures("seeded")
def test_expansion_through_lists(api: httpx.Client) -> None:
    made = api.post("/v1/refunds", data={"charge": "ch_platform"}).json()
    params = {"expand[]": ["data.refunds.data.charge", "data.payment_intent.latest_charge"]}

    charge = api.get("/v1/charges", params=params).json()["data"][0]

    assert charge["refunds"]["data"][0]["charge"]["id"] == "ch_platform"
    assert charge["payment_intent"]["latest_charge"]["id"] == "ch_platform"
    txn = api.get(
        f"/v1/balance_transactions/{made['balance_transaction']}", params={"expand[]": "source"}
    )
    assert txn.json()["source"]["id"] == made["id"]


def test_headers(api: httpx.Client) -> None:
    response = api.get("/v1/charges", headers={"Stripe-Version": "2024-06-20"})

    assert response.headers["Request-Id"].startswith("req_")
    assert response.headers["Stripe-Version"] == "2024-06-20"


@pytest.mark.usefixtures("seeded")
def test_requests_are_logged(
    client: stripe.StripeClient, control: httpx.Client, api: httpx.Client
) -> None:
    start = control.get("/requests").json()["requests"]
    options: stripe.RequestOptions = {"idempotency_key": "k", "stripe_account": STUDIO}
    for _ in range(2):
        client.v1.refunds.create({"charge": "ch_direct", "expand": ["charge"]}, options)
    api.post("/v1/refunds", data={"charge": "ch_nowhere"})
    control.post("/faults", json={"fault": "reset_before_effect"})
    with pytest.raises(httpx.ReadError):
        api.post("/v1/refunds", data={"charge": "ch_platform"})

    assert start == []
    first, replay, missing, lost = control.get("/requests").json()["requests"]
    assert (first["method"], first["path"]) == ("POST", "/v1/refunds")
    assert (first["account"], first["idempotency_key"]) == (STUDIO, "k")
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


def test_seeding_again_changes_nothing(control: httpx.Client, api: httpx.Client) -> None:
    charges = [CHARGE, {**CHARGE, "id": "ch_2", "payment_intent": None}]
    assert control.post("/charges", json={"charges": charges}).json() == {
        "created": 2,
        "unchanged": 0,
    }
    api.post("/v1/refunds", data={"charge": "ch_1"})

    again = control.post("/charges", json={"charges": charges})

    assert again.json() == {"created": 0, "unchanged": 2}
    assert api.get("/v1/charges/ch_1").json()["amount_refunded"] == 10000


@pytest.mark.parametrize(
    "other",
    [
        {**CHARGE, "amount": 9999},
        {**CHARGE, "account": STUDIO},
        {**CHARGE, "id": "ch_2"},
        {
            **CHARGE,
            "id": "ch_2",
            "payment_intent": "pi_2",
            "account": STUDIO,
            "application_fee": "fee_1",
            "application_fee_amount": 1,
        },
    ],
)
def test_seeding_something_else_under_a_known_id_is_refused(
    control: httpx.Client, api: httpx.Client, other: dict[str, object]
) -> None:
    fee_payer = {
        **CHARGE,
        "id": "ch_fee",
        "payment_intent": "pi_fee",
        "account": STUDIO,
        "application_fee": "fee_1",
        "application_fee_amount": 1500,
    }
    control.post("/charges", json={"charges": [CHARGE, fee_payer]}).raise_for_status()
    new = {**CHARGE, "id": "ch_new", "payment_intent": "pi_new"}

    response = control.post("/charges", json={"charges": [new, other]})

    assert response.status_code == 409
    assert api.get("/v1/charges/ch_new").status_code == 404


def test_seeding_two_charges_with_one_payment_intent_is_refused(control: httpx.Client) -> None:
    charges = [CHARGE, {**CHARGE, "id": "ch_2"}]

    assert control.post("/charges", json={"charges": charges}).status_code == 409


def test_seeding_over_a_payment_is_refused(control: httpx.Client, api: httpx.Client) -> None:
    params = {
        "amount": "1000",
        "currency": "usd",
        "confirm": "true",
        "payment_method": "pm_card_visa",
    }
    intent = api.post("/v1/payment_intents", data=params).json()
    charge = {**CHARGE, "id": intent["latest_charge"], "payment_intent": intent["id"]}

    assert control.post("/charges", json={"charges": [charge]}).status_code == 409


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"amount": "100"}, "charges.0.amount"),
        ({"amount": 0}, "charges.0.amount"),
        ({"amount": 1.5}, "charges.0.amount"),
        ({"currency": "USD"}, "charges.0.currency"),
        ({"id": "order-1"}, "charges.0.id"),
        ({"account": "studio"}, "charges.0.account"),
        ({"colour": "red"}, "charges.0.colour"),
        ({"application_fee": "fee_1"}, "go together"),
        ({"application_fee": "fee_1", "application_fee_amount": 1}, "connected account"),
        (
            {"application_fee": "fee_1", "application_fee_amount": 10001, "account": STUDIO},
            "more than amount",
        ),
    ],
)
def test_seeds_are_checked(
    control: httpx.Client, change: dict[str, object], complaint: str
) -> None:
    response = control.post("/charges", json={"charges": [CHARGE | change]})

    assert response.status_code == 400
    assert complaint in response.json()["error"]["message"]


def test_seeded_times_order_the_list(control: httpx.Client, api: httpx.Client) -> None:
    charges = [
        {**CHARGE, "id": f"ch_{created}", "payment_intent": None, "created": created}
        for created in (3000, 1000, 2000)
    ]
    control.post("/charges", json={"charges": charges}).raise_for_status()

    listed = api.get("/v1/charges", params={"created[lte]": "2500"}).json()["data"]

    assert [charge["created"] for charge in listed] == [2000, 1000]
    fees = api.get("/v1/balance_transactions", params={"type": "charge"}).json()["data"]
    assert [txn["fee"] for txn in fees] == [320, 320, 320]
    assert [txn["status"] for txn in fees] == ["available"] * 3


def test_ten_thousand_charges_at_once(control: httpx.Client) -> None:
    charges = [
        {**CHARGE, "id": f"ch_{number}", "payment_intent": f"pi_{number}"}
        for number in range(10_000)
    ]

    response = control.post("/charges", json={"charges": charges}, timeout=30)

    assert response.json() == {"created": 10_000, "unchanged": 0}


def test_broken_json_and_unknown_commands(control: httpx.Client) -> None:
    assert control.post("/clock", content=b"{").status_code == 400
    assert control.post("/clock", json={"advance_s": -1}).status_code == 400
    assert control.post("/clock", json=[]).status_code == 400
    assert control.get("/colours").status_code == 404
    assert control.put("/clock").status_code == 405


def test_clock(control: httpx.Client) -> None:
    before = control.get("/clock").json()

    after = control.post("/clock", json={"advance_s": 500}).json()

    assert (before["offset_s"], after["offset_s"]) == (0, 500)
    assert 500 <= after["now"] - before["now"] <= 510


@pytest.mark.usefixtures("seeded")
def test_forgetting_everything(control: httpx.Client, api: httpx.Client) -> None:
    api.post("/v1/refunds", data={"charge": "ch_platform"}, headers={"Idempotency-Key": "k"})
    control.post("/faults", json={"fault": "slow", "match": {"method": "DELETE"}})
    control.post("/webhooks", json={"mode": "hold"})

    assert control.delete("/state").status_code == 200

    assert control.get("/health").json()["status"] == "ok"
    assert control.get("/faults").json() == {"faults": []}
    assert control.get("/webhooks").json()["settings"]["mode"] == "auto"
    for path in ("/v1/charges", "/v1/refunds", "/v1/events", "/v1/balance_transactions"):
        assert api.get(path).json()["data"] == []


@pytest.mark.usefixtures("seeded")
def test_totals(control: httpx.Client, api: httpx.Client) -> None:
    api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "100"})
    failed = api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "200"}).json()
    control.post(f"/refunds/{failed['id']}", json={"status": "failed"})

    assert control.get("/totals", params={"charge": "ch_platform"}).json() == {
        "charge": "ch_platform",
        "count": 1,
        "amount": 100,
        "charge_amount": 10000,
        "refundable_amount": 9900,
        "by_status": {"succeeded": 1, "failed": 1},
    }
    assert control.get("/totals").json()["charge_amount"] == 20000
    assert control.get("/totals", params={"charge": "ch_nowhere"}).status_code == 404
