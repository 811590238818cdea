"""The stand-in's responses against Stripe's own description and fixtures."""

from typing import Any

import httpx
import pytest
from jsonschema import ValidationError

from tests.stripe_standin.seeds import CONNECTED_ACCOUNT, PAYMENT
from tests.stripe_standin.stripe_schema import (
    UndescribedError,
    fixture,
    needs_spec,
    operations,
    required_fields,
    validate_object,
    validate_request,
    validate_response,
)

pytestmark = [needs_spec, pytest.mark.usefixtures("seeded")]


@pytest.fixture
def objects(api: httpx.Client, control: httpx.Client) -> dict[str, dict[str, Any]]:
    """Return one object of each kind, as the API returns it."""

    def post(path: str, **params: str) -> dict[str, Any]:
        body: dict[str, Any] = api.post(path, data=params).raise_for_status().json()
        return body

    def get(path: str) -> dict[str, Any]:
        body: dict[str, Any] = api.get(path).raise_for_status().json()
        return body

    transfer = post("/v1/transfers", amount="100", currency="usd", destination=CONNECTED_ACCOUNT)
    reversal = post(f"/v1/transfers/{transfer['id']}/reversals", amount="40")
    fee_refund = post("/v1/application_fees/fee_direct/refunds", amount="10")
    refund = post("/v1/refunds", charge="ch_platform", amount="2500")
    endpoint = post(
        "/v1/webhook_endpoints",
        url="https://platform.example",
        **{"enabled_events[]": "charge.refunded"},
    )
    dispute = control.post("/disputes", json={"charge": "ch_platform"}).json()
    return {
        "application_fee": get("/v1/application_fees/fee_direct"),
        "balance_transaction": get(f"/v1/balance_transactions/{refund['balance_transaction']}"),
        "charge": get("/v1/charges/ch_platform"),
        "dispute": get(f"/v1/disputes/{dispute['id']}"),
        "event": get("/v1/events")["data"][0],
        "fee_refund": fee_refund,
        "payment_intent": get("/v1/payment_intents/pi_platform"),
        "refund": refund,
        "transfer": get(f"/v1/transfers/{transfer['id']}"),
        "transfer_reversal": reversal,
        "webhook_endpoint": endpoint,
    }


def check_events(api: httpx.Client, headers: dict[str, str]) -> None:
    """Check all events of an account, and the objects in them."""
    events = api.get("/v1/events", params={"limit": "100"}, headers=headers).json()["data"]
    for event in events:
        validate_object("event", event)
        validate_object(event["data"]["object"]["object"], event["data"]["object"])


def test_every_described_operation_is_supported(
    api: httpx.Client, objects: dict[str, dict[str, Any]], control: httpx.Client
) -> None:
    """Call each described operation. The client checks each response."""
    ids = {
        "/v1/refunds": objects["refund"]["id"],
        "/v1/charges": "ch_platform",
        "/v1/payment_intents": "pi_platform",
        "/v1/balance_transactions": objects["balance_transaction"]["id"],
        "/v1/events": objects["event"]["id"],
        "/v1/webhook_endpoints": objects["webhook_endpoint"]["id"],
        "/v1/application_fees": "fee_direct",
        "/v1/disputes": objects["dispute"]["id"],
        "/v1/transfers": objects["transfer"]["id"],
    }
    bodies = {
        "/v1/refunds": {"charge": "ch_more"},
        "/v1/webhook_endpoints": {"url": "https://platform.example", "enabled_events[]": "*"},
        "/v1/transfers": {"amount": "1", "currency": "usd", "destination": CONNECTED_ACCOUNT},
    }
    more = {"id": "ch_more", "payment_intent": None, "amount": 5, "currency": "usd", "fee": 0}
    control.post("/charges", json={"charges": [more]}).raise_for_status()
    control.post("/faults", json={"fault": "pending"})
    pending = api.post("/v1/refunds", data={"charge": "ch_more", "amount": "1"}).json()

    # Deleting comes last: the other operations need the objects.
    for method, template in sorted(operations(), key=lambda operation: operation[0] == "DELETE"):
        prefix = next(prefix for prefix in ids if template.startswith(prefix))
        id_ = pending["id"] if template.endswith("/cancel") else ids[prefix]
        path = template.partition("{")[0] + id_ + template.partition("}")[2]
        url = path if "{" in template else template
        body = bodies.get(template) if method == "POST" else None
        response = api.request(method, url, data=body)
        assert response.status_code == 200, (method, url, response.text)


@pytest.mark.parametrize(
    "kind",
    [
        "application_fee",
        "balance_transaction",
        "charge",
        "dispute",
        "event",
        "fee_refund",
        "payment_intent",
        "refund",
        "transfer",
        "transfer_reversal",
        "webhook_endpoint",
    ],
)
def test_objects_look_like_stripes_own_examples(
    objects: dict[str, dict[str, Any]], kind: str
) -> None:
    ours, theirs = objects[kind], fixture(kind)

    validate_object(kind, ours)
    for name in set(required_fields(kind)) & theirs.keys():
        assert name in ours
        if None not in (ours[name], theirs[name]):
            assert type(ours[name]) is type(theirs[name]), name


@pytest.mark.parametrize(
    "fault", ["pending", "requires_action", "insufficient_funds", "fail_at_once"]
)
def test_refunds_in_every_status_and_their_events_conform(
    api: httpx.Client, control: httpx.Client, fault: str
) -> None:
    control.post("/faults", json={"fault": fault})
    headers = {"Stripe-Account": CONNECTED_ACCOUNT}
    params = {
        "charge": "ch_direct",
        "refund_application_fee": "true",
        "expand[]": ["charge.application_fee", "balance_transaction", "payment_intent"],
    }
    refund = api.post("/v1/refunds", data=params, headers=headers).json()
    if refund["status"] != "failed":
        control.post(f"/refunds/{refund['id']}", json={"status": "failed"})
    api.get("/v1/refunds", params={"expand[]": "data.charge"}, headers=headers)

    check_events(api, {})
    check_events(api, headers)


@pytest.mark.parametrize(
    ("opening", "statuses"),
    [
        ("needs_response", ["under_review", "lost", "won"]),
        ("needs_response", ["prevented"]),
        ("warning_needs_response", ["warning_under_review", "warning_closed", "needs_response"]),
    ],
)
def test_disputes_in_every_status_and_their_events_conform(
    api: httpx.Client, control: httpx.Client, opening: str, statuses: list[str]
) -> None:
    body = {"charge": "ch_direct", "status": opening}
    dispute = control.post("/disputes", json=body).raise_for_status().json()
    headers = {"Stripe-Account": CONNECTED_ACCOUNT}
    for status in statuses:
        control.post(f"/disputes/{dispute['id']}", json={"status": status}).raise_for_status()
        api.get(f"/v1/disputes/{dispute['id']}", headers=headers)

    api.get("/v1/disputes", params={"expand[]": "data.charge"}, headers=headers)
    api.get("/v1/balance_transactions", params={"expand[]": "data.source"}, headers=headers)
    api.get("/v1/balance", headers=headers)
    check_events(api, headers)


@pytest.mark.parametrize(
    ("state", "next_state"),
    [
        ("paid", None),
        ("pending", "paid"),
        ("pending", "failed"),
        ("uncaptured", "paid"),
        ("uncaptured", "expired"),
        ("uncaptured", "canceled"),
        ("failed", None),
    ],
)
def test_charges_in_every_state_and_their_events_conform(
    api: httpx.Client, control: httpx.Client, state: str, next_state: str | None
) -> None:
    charge: dict[str, object] = {"id": "ch_3", "payment_intent": "pi_3", "amount": 5, "fee": 0}
    charge |= {"currency": "usd", "state": state}
    control.post("/charges", json={"charges": [charge], "events": True}).raise_for_status()
    for name in ("charges/ch_3", "payment_intents/pi_3"):
        api.get(f"/v1/{name}")
    if next_state is not None:
        control.post("/charges/ch_3", json={"state": next_state}).raise_for_status()

    api.get("/v1/payment_intents/pi_3", params={"expand[]": "latest_charge.refunds"})
    api.get("/v1/refunds", params={"charge": "ch_3", "expand[]": "data.charge"})
    check_events(api, {})


def test_accounts_transfers_and_their_events_conform(
    api: httpx.Client, control: httpx.Client
) -> None:
    form = {"amount": "8", "currency": "usd", "destination": CONNECTED_ACCOUNT}
    transfer = api.post("/v1/transfers", data=form).json()["id"]
    for command, body in (
        (f"transfers/{transfer}/reversals", {"amount": 3}),
        (f"accounts/{CONNECTED_ACCOUNT}", {"charges_enabled": False, "access": "closed"}),
        (f"accounts/{CONNECTED_ACCOUNT}", {"charges_enabled": True, "access": "connected"}),
    ):
        control.post(f"/{command}", json=body).raise_for_status()

    api.get(f"/v1/transfers/{transfer}/reversals", params={"expand[]": "data.transfer"})
    api.get(f"/v1/accounts/{CONNECTED_ACCOUNT}")
    check_events(api, {})
    check_events(api, {"Stripe-Account": CONNECTED_ACCOUNT})


def test_payments_conform_although_the_description_lacks_their_operation(api: httpx.Client) -> None:
    intent = api.post("/v1/payment_intents", data=PAYMENT).json()

    validate_object("payment_intent", intent)
    validate_object("charge", api.get(f"/v1/charges/{intent['latest_charge']}").json())


@pytest.mark.parametrize(
    "params",
    [
        {"charge": "ch_1", "amount": "100", "metadata": {"refund_id": "r1"}},
        {"charge": "ch_1", "amount": 100, "refund_application_fee": True},
        {"payment_intent": "pi_1", "reason": "requested_by_customer", "expand": ["charge"]},
        {"charge": "ch_1", "metadata": ""},
    ],
)
def test_validator_accepts_what_stripe_accepts(params: dict[str, Any]) -> None:
    validate_request("POST", "/v1/refunds", params)


@pytest.mark.parametrize(
    "params",
    [
        {"charge": "ch_1", "amount": "ten"},
        {"charge": "ch_1", "color": "red"},
        {"charge": "ch_1", "reason": "wrong_print"},
        {"charge": "ch_1", "metadata": {"nested": {"a": "b"}}},
        {"charge": "ch_1", "refund_application_fee": "yes"},
    ],
)
def test_validator_refuses_what_stripe_refuses(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        validate_request("POST", "/v1/refunds", params)


def test_validator_checks_queries_and_responses() -> None:
    validate_request("GET", "/v1/refunds?x=1", {"charge": "ch_1", "created": {"gte": "5"}})
    with pytest.raises(ValidationError):
        validate_request("GET", "/v1/refunds", {"color": "red"})
    with pytest.raises(ValidationError):
        validate_response("GET", "/v1/refunds/re_1", 200, {"id": "re_1"})
    with pytest.raises(ValidationError):
        validate_response("GET", "/v1/refunds/re_1", 404, {"message": "no"})
    with pytest.raises(UndescribedError):
        validate_request("GET", "/v1/customers", {})
    with pytest.raises(UndescribedError):
        validate_object("color", {})


def test_logged_requests_can_be_validated(api: httpx.Client, control: httpx.Client) -> None:
    api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "5", "metadata[0]": "x"})
    api.get("/v1/refunds", params={"limit": "3", "expand[]": "data.charge"})

    for entry in control.get("/requests").json()["requests"]:
        validate_request(entry["method"], entry["path"], entry["params"])
