"""Seeds of charges."""

import httpx
import pytest

from tests.stripe_standin.seeds import CHARGE, CONNECTED_ACCOUNT, DIRECT_CHARGE, PAYMENT


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
        {**CHARGE, "account": CONNECTED_ACCOUNT},
        {**CHARGE, "id": "ch_2"},
        {**DIRECT_CHARGE, "id": "ch_2", "payment_intent": "pi_2", "application_fee_amount": 1},
    ],
)
def test_seeding_other_content_under_a_known_id_is_refused(
    control: httpx.Client, api: httpx.Client, other: dict[str, object]
) -> None:
    fee_payer = {**DIRECT_CHARGE, "id": "ch_fee", "payment_intent": "pi_fee"}
    control.post("/charges", json={"charges": [CHARGE, fee_payer]}).raise_for_status()
    new = {**CHARGE, "id": "ch_new", "payment_intent": "pi_new"}

    response = control.post("/charges", json={"charges": [new, other]})

    assert response.status_code == 409
    assert api.get("/v1/charges/ch_new").status_code == 404


def test_seeding_two_charges_with_one_payment_intent_is_refused(control: httpx.Client) -> None:
    charges = [CHARGE, {**CHARGE, "id": "ch_2"}]

    assert control.post("/charges", json={"charges": charges}).status_code == 409


def test_seeding_a_charge_that_the_api_made_is_refused(
    control: httpx.Client, api: httpx.Client
) -> None:
    intent = api.post("/v1/payment_intents", data=PAYMENT).json()
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
        ({"account": "someone"}, "charges.0.account"),
        ({"color": "red"}, "charges.0.color"),
        ({"application_fee": "fee_1"}, "go together"),
        ({"application_fee": "fee_1", "application_fee_amount": 1}, "connected account"),
        (
            {
                "application_fee": "fee_1",
                "application_fee_amount": 10001,
                "account": CONNECTED_ACCOUNT,
            },
            "more than amount",
        ),
        ({"amount_captured": 10001}, "more than amount"),
        ({"amount_captured": 0}, "charges.0.amount_captured"),
        ({"amount_captured": 1, "state": "uncaptured"}, "only a paid charge"),
        ({"state": "refunded"}, "charges.0.state"),
        ({"settlement": {"currency": "eur", "exchange_rate": "-1"}}, "settlement.exchange_rate"),
        ({"settlement": {"currency": "eur", "exchange_rate": 0.5}}, "settlement.exchange_rate"),
    ],
)
def test_wrong_seeds_are_refused(
    control: httpx.Client, change: dict[str, object], complaint: str
) -> None:
    response = control.post("/charges", json={"charges": [CHARGE | change]})

    assert response.status_code == 400
    assert complaint in response.json()["error"]["message"]


def test_list_is_ordered_by_seeded_times(control: httpx.Client, api: httpx.Client) -> None:
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


def test_one_command_can_seed_ten_thousand_charges(control: httpx.Client) -> None:
    charges = [
        {**CHARGE, "id": f"ch_{number}", "payment_intent": f"pi_{number}"}
        for number in range(10_000)
    ]

    response = control.post("/charges", json={"charges": charges}, timeout=30)

    assert response.json() == {"created": 10_000, "unchanged": 0}
