"""Payment intents, and the charges that they make."""

import httpx
import pytest
import stripe

from tests.stripe_standin.seeds import CONNECTED_ACCOUNT, ON_CONNECTED_ACCOUNT, PAYMENT

pytestmark = pytest.mark.usefixtures("seeded")


def test_payment_makes_a_charge_and_its_application_fee(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 10000,
            "currency": "USD",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "application_fee_amount": 1500,
            "metadata": {"order_id": "o1"},
            "expand": ["latest_charge.balance_transaction"],
        },
        ON_CONNECTED_ACCOUNT,
    )

    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (intent.status, charge.status, charge.amount) == ("succeeded", "succeeded", 10000)
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert charge.balance_transaction.fee == 320 + 1500
    assert charge.payment_intent == intent.id
    assert (
        client.v1.payment_intents.retrieve(intent.id, {}, ON_CONNECTED_ACCOUNT).latest_charge
        == charge.id
    )
    found = client.v1.charges.list({"payment_intent": intent.id}, ON_CONNECTED_ACCOUNT)
    assert [item.metadata["order_id"] for item in found] == ["o1"]
    types = [event.type for event in client.v1.events.list({}, ON_CONNECTED_ACCOUNT)][::-1]
    assert types == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    assert [event.type for event in client.v1.events.list()] == ["application_fee.created"]


@pytest.mark.parametrize(
    "params",
    [
        {"confirm": "false"},
        {"payment_method": "pm_other"},
        {"currency": "dollars"},
        {"amount": "0"},
        {"application_fee_amount": "100"},
        {"customer": "cus_1"},
    ],
)
def test_unsupported_payments_are_refused(api: httpx.Client, params: dict[str, str]) -> None:
    assert api.post("/v1/payment_intents", data=PAYMENT | params).status_code == 400
    assert api.post("/v1/payment_intents", data=PAYMENT).status_code == 200


def test_application_fee_cannot_exceed_the_payment(api: httpx.Client) -> None:
    params = PAYMENT | {"application_fee_amount": "1001"}

    response = api.post(
        "/v1/payment_intents", data=params, headers={"Stripe-Account": CONNECTED_ACCOUNT}
    )

    assert response.json()["error"]["param"] == "application_fee_amount"
