"""Charges that are not simply paid: bank debits, authorizations, failures, and what follows."""

from typing import Any

import httpx
import pytest
import stripe

from tests.stripe_standin.actions import balance_movements, event_types, request_refund
from tests.stripe_standin.seeds import CHARGE, CONNECTED_ACCOUNT, DIRECT_CHARGE

ON_ACCOUNT = {"Stripe-Account": CONNECTED_ACCOUNT}
RELEASE = {"amount": 10000, "status": "succeeded", "balance_transaction": None}


def seed(control: httpx.Client, **change: object) -> None:
    """Seed ch_1 of $100.00 with these changes."""
    control.post("/charges", json={"charges": [CHARGE | change]}).raise_for_status()


def move(control: httpx.Client, state: str, **body: object) -> dict[str, Any]:
    """Move ch_1 on and return it."""
    response = control.post("/charges/ch_1", json={"state": state, **body})
    moved: dict[str, Any] = response.raise_for_status().json()
    return moved


def fields(body: dict[str, Any], *names: str) -> list[object]:
    return [body[name] for name in names]


def refunds_of(api: httpx.Client) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = api.get("/v1/refunds", params={"charge": "ch_1"}).json()["data"]
    return listed


@pytest.mark.parametrize(
    ("state", "shown", "intent_status"),
    [
        # Of a charge: status, paid, captured, amount_captured, amount_refunded, refunded.
        ("paid", ["succeeded", True, True, 10000, 0, False], "succeeded"),
        ("pending", ["pending", False, True, 10000, 0, False], "processing"),
        ("uncaptured", ["succeeded", True, False, 0, 0, False], "requires_capture"),
        ("failed", ["failed", False, False, 0, 0, False], "requires_payment_method"),
        ("expired", ["succeeded", True, False, 0, 10000, True], "canceled"),
        ("canceled", ["succeeded", True, False, 0, 10000, True], "canceled"),
    ],
)
def test_charge_shows_its_state(
    api: httpx.Client, control: httpx.Client, state: str, shown: list[object], intent_status: str
) -> None:
    seed(control, state=state, created=1_700_000_000)

    charge = api.get("/v1/charges/ch_1", params={"expand[]": "balance_transaction"}).json()

    names = ("status", "paid", "captured", "amount_captured", "amount_refunded", "refunded")
    assert fields(charge, *names) == shown
    assert (charge["amount"], charge["created"]) == (10000, 1_700_000_000)
    assert (charge["balance_transaction"] is None) == (state != "paid")
    assert (charge["failure_code"] is None) == (state != "failed")
    assert api.get("/v1/payment_intents/pi_1").json()["status"] == intent_status
    moved = api.get("/v1/balance_transactions").json()["data"]
    assert [each["net"] for each in moved] == ([9680] if state == "paid" else [])


def test_charge_expands_its_balance_transaction_on_a_connected_account(
    api: httpx.Client, control: httpx.Client
) -> None:
    control.post("/charges", json={"charges": [DIRECT_CHARGE]}).raise_for_status()

    params = {"expand[]": "balance_transaction"}
    charge = api.get("/v1/charges/ch_1", params=params, headers=ON_ACCOUNT).json()

    transaction = charge["balance_transaction"]
    assert fields(transaction, "amount", "currency", "exchange_rate", "fee", "net") == [
        *(10000, "usd", None, 1820, 8180),
    ]
    assert {each["type"]: each["amount"] for each in transaction["fee_details"]} == {
        "stripe_fee": 320,
        "application_fee": 1500,
    }
    assert fields(transaction, "source", "reporting_category") == ["ch_1", "charge"]
    assert fields(charge, "application_fee", "application_fee_amount") == ["fee_1", 1500]
    plain = api.get("/v1/charges/ch_1", headers=ON_ACCOUNT).json()
    assert plain["balance_transaction"] == transaction["id"]


def test_charge_captured_in_part_released_the_rest(
    api: httpx.Client, control: httpx.Client
) -> None:
    seed(control, amount_captured=8000, fee=262)

    charge = api.get("/v1/charges/ch_1", params={"expand[]": "balance_transaction"}).json()

    assert fields(charge, "amount", "amount_captured", "amount_refunded", "refunded") == [
        *(10000, 8000, 2000, False),
    ]
    assert fields(charge["balance_transaction"], "amount", "net") == [8000, 7738]
    (release,) = refunds_of(api)
    assert release.items() >= (RELEASE | {"amount": 2000, "reason": None}).items()
    assert api.get("/v1/payment_intents/pi_1").json()["amount_received"] == 8000
    too_much = request_refund(api, charge="ch_1", amount="8001").json()["error"]
    assert "unrefunded amount on charge ($80.00)" in too_much["message"]
    assert request_refund(api, charge="ch_1").json()["amount"] == 8000
    assert control.get("/totals", params={"charge": "ch_1"}).json() == {
        "charge": "ch_1",
        "count": 1,
        "amount": 8000,
        "charge_amount": 8000,
        "refundable_amount": 0,
        "by_status": {"succeeded": 2},
    }


def test_pending_debit_becomes_paid(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    control.post("/charges", json={"charges": [DIRECT_CHARGE | {"state": "pending"}]})
    pending = api.get("/v1/charges/ch_1", headers=ON_ACCOUNT).json()
    assert pending["payment_method_details"]["type"] == "us_bank_account"
    assert fields(pending, "application_fee", "application_fee_amount") == [None, 1500]
    assert api.get("/v1/application_fees/fee_1").status_code == 404

    control.post("/clock", json={"advance_s": 4 * 24 * 3600})
    assert move(control, "paid", fee=80)["status"] == "succeeded"

    paid = api.get(
        "/v1/charges/ch_1", params={"expand[]": "balance_transaction"}, headers=ON_ACCOUNT
    ).json()
    assert paid["balance_transaction"]["created"] - paid["created"] >= 4 * 24 * 3600
    assert (paid["application_fee"], paid["balance_transaction"]["net"]) == ("fee_1", 8420)
    assert balance_movements(client, None) == [("application_fee", 1500)]
    events = api.get("/v1/events", headers=ON_ACCOUNT).json()["data"]
    assert [each["type"] for each in events] == ["payment_intent.succeeded", "charge.succeeded"]
    assert event_types(client) == ["application_fee.created"]


def test_pending_debit_can_fail(control: httpx.Client, client: stripe.StripeClient) -> None:
    seed(control, state="pending", currency="eur")

    failed = move(control, "failed", failure_code="debit_not_authorized", failure_message="No.")

    assert fields(failed, "status", "paid", "failure_code", "failure_message") == [
        *("failed", False, "debit_not_authorized", "No."),
    ]
    assert failed["payment_method_details"]["type"] == "sepa_debit"
    assert event_types(client) == ["charge.failed", "payment_intent.payment_failed"]
    assert balance_movements(client, None) == []
    assert control.post("/charges/ch_1", json={"state": "paid"}).status_code == 409


def test_authorization_is_captured_in_full_or_in_part(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    whole = CHARGE | {"id": "ch_2", "payment_intent": None, "state": "uncaptured"}
    control.post("/charges", json={"charges": [whole]}).raise_for_status()
    seed(control, state="uncaptured")

    assert control.post("/charges/ch_2", json={"state": "paid"}).json()["amount_captured"] == 10000
    assert event_types(client) == ["charge.captured", "charge.updated"]
    assert move(control, "paid", amount_captured=8000, fee=262)["captured"]

    assert event_types(client)[2:] == [
        *("refund.created", "charge.captured", "charge.updated", "payment_intent.succeeded"),
    ]
    (release,) = refunds_of(api)
    assert release.items() >= (RELEASE | {"amount": 2000}).items()
    assert balance_movements(client, None) == [("charge", 9680), ("charge", 7738)]
    updated = client.v1.events.list({"type": "charge.updated"}).data[0].to_dict()["data"]
    assert updated["previous_attributes"]["captured"] is False


@pytest.mark.parametrize(
    "ending",
    [
        ("expired", "charge.expired", "expired_uncaptured_charge"),
        ("canceled", "charge.refunded", None),
    ],
)
def test_authorization_can_be_released(
    api: httpx.Client,
    control: httpx.Client,
    client: stripe.StripeClient,
    ending: tuple[str, str, str | None],
) -> None:
    state, event, reason = ending
    seed(control, state="uncaptured")

    move(control, state)

    assert event_types(client) == ["refund.created", event, "payment_intent.canceled"]
    (release,) = refunds_of(api)
    assert release.items() >= (RELEASE | {"reason": reason}).items()
    assert balance_movements(client, None) == []
    assert request_refund(api, charge="ch_1").json()["error"]["code"] == "charge_already_refunded"
    # Nothing was taken, so nothing can come back.
    assert control.post(f"/refunds/{release['id']}", json={"status": "failed"}).status_code == 409
    assert control.post("/charges/ch_1", json={"state": "paid"}).status_code == 409


def test_refund_of_an_authorization_releases_it(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    seed(control, state="uncaptured")

    partial = request_refund(api, payment_intent="pi_1", amount="1")
    assert "cannot partially refund an uncaptured charge" in partial.json()["error"]["message"]
    release = request_refund(api, payment_intent="pi_1", **{"metadata[refund_id]": "r1"}).json()

    assert release.items() >= (RELEASE | {"metadata": {"refund_id": "r1"}}).items()
    assert balance_movements(client, None) == []
    assert event_types(client) == ["refund.created", "charge.refunded", "payment_intent.canceled"]
    assert api.get("/v1/charges/ch_1").json()["refunded"]


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_charge_that_has_not_succeeded_cannot_be_refunded(
    api: httpx.Client, control: httpx.Client, state: str
) -> None:
    seed(control, state=state)

    for target in ({"charge": "ch_1"}, {"payment_intent": "pi_1"}):
        response = request_refund(api, **target)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "charge_not_refundable"
    assert refunds_of(api) == []


@pytest.mark.parametrize(
    ("change", "types"),
    [
        ({}, ["charge.succeeded", "payment_intent.succeeded"]),
        (
            {"amount_captured": 8000},
            ["refund.created", "charge.captured", "charge.updated", "payment_intent.succeeded"],
        ),
        ({"state": "pending"}, ["charge.pending", "payment_intent.processing"]),
        (
            {"state": "uncaptured"},
            ["charge.succeeded", "payment_intent.amount_capturable_updated"],
        ),
        ({"state": "failed"}, ["charge.failed", "payment_intent.payment_failed"]),
        ({"state": "expired"}, ["refund.created", "charge.expired", "payment_intent.canceled"]),
        ({"state": "canceled"}, ["refund.created", "charge.refunded", "payment_intent.canceled"]),
    ],
)
def test_seeds_emit_events_only_on_request(
    control: httpx.Client,
    client: stripe.StripeClient,
    change: dict[str, object],
    types: list[str],
) -> None:
    quiet = CHARGE | {"id": "ch_quiet", "payment_intent": None} | change
    control.post("/charges", json={"charges": [quiet]}).raise_for_status()
    assert event_types(client) == []

    body = {"charges": [CHARGE | change], "events": True}
    control.post("/charges", json=body).raise_for_status()
    control.post("/charges", json=body).raise_for_status()

    assert event_types(client) == types


def test_silent_change_has_no_events(control: httpx.Client, client: stripe.StripeClient) -> None:
    seed(control, state="pending")

    assert move(control, "paid", silent=True)["status"] == "succeeded"

    assert event_types(client) == []
    assert client.v1.refunds.create({"charge": "ch_1"}).status == "succeeded"
    assert event_types(client) == ["refund.created", "charge.refunded"]


def test_bank_debit_with_the_id_of_a_payment_moves_payments(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    seed(control, id="py_1", payment_method="us_bank_account")

    refund = request_refund(api, payment_intent="pi_1", amount="100").json()

    assert refund["id"].startswith("pyr_")
    assert balance_movements(client, None) == [("payment", 9680), ("payment_refund", -100)]


@pytest.mark.parametrize(
    ("change", "body", "status"),
    [
        ({"state": "pending"}, {"state": "expired"}, 409),
        ({"state": "uncaptured"}, {"state": "failed"}, 409),
        ({"state": "uncaptured"}, {"state": "paid", "amount_captured": 10001}, 409),
        ({"state": "uncaptured"}, {"state": "expired", "amount_captured": 1}, 409),
        ({"state": "pending"}, {"state": "paid", "amount_captured": 1}, 409),
        ({"state": "uncaptured"}, {"state": "paid", "amount_captured": 0}, 400),
        ({"state": "uncaptured"}, {"state": "pending"}, 400),
        ({}, {"state": "paid"}, 409),
    ],
)
def test_impossible_moves_change_nothing(
    api: httpx.Client,
    control: httpx.Client,
    change: dict[str, object],
    body: dict[str, object],
    status: int,
) -> None:
    seed(control, **change)
    before = api.get("/v1/charges/ch_1").json()

    assert control.post("/charges/ch_1", json=body).status_code == status

    assert api.get("/v1/charges/ch_1").json() == before
    assert control.post("/charges/ch_none", json={"state": "paid"}).status_code == 404


def test_fee_goes_back_in_proportion_to_what_was_captured(
    api: httpx.Client, control: httpx.Client
) -> None:
    partly = DIRECT_CHARGE | {"amount_captured": 8000}
    control.post("/charges", json={"charges": [partly]}).raise_for_status()
    form = {"charge": "ch_1", "amount": "2000", "refund_application_fee": "True"}

    assert api.post("/v1/refunds", data=form, headers=ON_ACCOUNT).status_code == 200

    assert api.get("/v1/application_fees/fee_1").json()["amount_refunded"] == 375


def test_charge_settles_in_another_currency(api: httpx.Client, control: httpx.Client) -> None:
    rate = {"currency": "eur", "exchange_rate": "0.92345"}
    direct = DIRECT_CHARGE | {"settlement": rate, "fee": 296}
    control.post("/charges", json={"charges": [direct]}).raise_for_status()
    for amount in ("3333", "1"):
        api.post("/v1/refunds", data={"charge": "ch_1", "amount": amount}, headers=ON_ACCOUNT)
    control.post("/disputes", json={"charge": "ch_1", "amount": 1000}).raise_for_status()

    listed = api.get("/v1/balance_transactions", headers=ON_ACCOUNT).json()["data"]

    names = ("type", "amount", "fee", "net", "currency", "exchange_rate")
    assert [fields(each, *names) for each in listed[::-1]] == [
        # 9234.5 and 1385.175 are rounded half away from zero.
        ["charge", 9235, 296 + 1385, 7554, "eur", 0.92345],
        ["refund", -3078, 0, -3078, "eur", 0.92345],
        ["refund", -1, 0, -1, "eur", 0.92345],
        ["adjustment", -923, 1500, -2423, "eur", 0.92345],
    ]
    charge = api.get("/v1/charges/ch_1", headers=ON_ACCOUNT).json()
    assert fields(charge, "currency", "amount_refunded") == ["usd", 3334]
    assert api.get("/v1/balance", headers=ON_ACCOUNT).json()["pending"][0]["amount"] == 2052
