"""Direct charges on connected accounts, and application fees."""

import httpx
import pytest
import stripe

from tests.stripe_standin.actions import balance_movements
from tests.stripe_standin.seeds import CONNECTED_ACCOUNT, ON_CONNECTED_ACCOUNT

pytestmark = pytest.mark.usefixtures("seeded")


def test_direct_charge_is_visible_only_on_its_account(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.retrieve(
        "ch_direct", {"expand": ["balance_transaction", "application_fee"]}, ON_CONNECTED_ACCOUNT
    )

    transaction = charge.balance_transaction
    assert isinstance(transaction, stripe.BalanceTransaction)
    # Stripe's `fee` includes the application fee. `fee_details` lists both parts.
    assert (transaction.fee, transaction.net) == (1820, 8180)
    assert {detail.type: detail.amount for detail in transaction.fee_details} == {
        "application_fee": 1500,
        "stripe_fee": 320,
    }
    assert isinstance(charge.application_fee, stripe.ApplicationFee)
    assert charge.application_fee.account == CONNECTED_ACCOUNT
    with pytest.raises(stripe.InvalidRequestError, match="No such charge: 'ch_direct'"):
        client.v1.charges.retrieve("ch_direct")
    with pytest.raises(stripe.InvalidRequestError, match="No such charge: 'ch_direct'"):
        client.v1.charges.retrieve("ch_direct", {}, {"stripe_account": "acct_other"})
    assert [c.id for c in client.v1.charges.list()] == ["ch_platform"]
    assert [c.id for c in client.v1.charges.list({}, ON_CONNECTED_ACCOUNT)] == ["ch_direct"]


def test_refund_of_a_direct_charge_debits_its_account_and_keeps_the_fee(
    client: stripe.StripeClient,
) -> None:
    client.v1.refunds.create({"charge": "ch_direct"}, ON_CONNECTED_ACCOUNT)

    assert balance_movements(client, CONNECTED_ACCOUNT) == [("charge", 8180), ("refund", -10000)]
    assert client.v1.application_fees.retrieve("fee_direct").amount_refunded == 0
    events = client.v1.events.list({"type": "refund.created"}, ON_CONNECTED_ACCOUNT)
    assert [event.account for event in events] == [CONNECTED_ACCOUNT]
    assert list(client.v1.events.list()) == []


def test_application_fee_refund_moves_money_from_platform_to_connected_account(
    client: stripe.StripeClient,
) -> None:
    refund = client.v1.application_fees.refunds.create("fee_direct", {"amount": 400})

    assert (refund.amount, refund.fee) == (400, "fee_direct")
    assert balance_movements(client, None)[1:] == [
        ("application_fee", 1500),
        ("application_fee_refund", -400),
    ]
    assert balance_movements(client, CONNECTED_ACCOUNT) == [("charge", 8180), ("adjustment", 400)]
    fee = client.v1.application_fees.retrieve("fee_direct")
    assert (fee.amount_refunded, fee.refunded) == (400, False)
    assert [r.id for r in client.v1.application_fees.refunds.list("fee_direct")] == [refund.id]
    event = client.v1.events.list({"type": "application_fee.refunded"}).data[0]
    assert event.data.object["amount_refunded"] == 400
    assert "account" not in event


def test_application_fee_refunds_cannot_exceed_the_fee(api: httpx.Client) -> None:
    path = "/v1/application_fees/fee_direct/refunds"
    too_much = api.post(path, data={"amount": "1501"})
    assert too_much.status_code == 400
    assert too_much.json()["error"]["message"] == (
        "Refund amount ($15.01) is greater than unrefunded amount on fee ($15.00)"
    )

    assert api.post(path, data={"metadata[refund_id]": "r1"}).json()["amount"] == 1500

    response = api.post(path, data={"amount": "1"})
    assert response.status_code == 400
    assert "already been refunded" in response.json()["error"]["message"]


def test_application_fees_belong_to_the_platform(api: httpx.Client) -> None:
    headers = {"Stripe-Account": CONNECTED_ACCOUNT}

    assert api.get("/v1/application_fees/fee_direct").status_code == 200
    assert api.get("/v1/application_fees/fee_direct", headers=headers).status_code == 404
    fee_refunds = "/v1/application_fees/fee_direct/refunds"
    assert api.get(fee_refunds, headers=headers).status_code == 404
    assert api.post(fee_refunds, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("amounts", "fee_refunded"),
    [([10000], 1500), ([2500], 375), ([1], 0), ([3333, 3333, 3334], 1500)],
)
def test_refund_returns_its_share_of_the_application_fee(
    client: stripe.StripeClient, amounts: list[int], fee_refunded: int
) -> None:
    for amount in amounts:
        client.v1.refunds.create(
            {"charge": "ch_direct", "amount": amount, "refund_application_fee": True},
            ON_CONNECTED_ACCOUNT,
        )

    assert client.v1.application_fees.retrieve("fee_direct").amount_refunded == fee_refunded


def test_late_failure_does_not_take_the_application_fee_back(
    client: stripe.StripeClient, control: httpx.Client
) -> None:
    refund = client.v1.refunds.create(
        {"charge": "ch_direct", "refund_application_fee": True}, ON_CONNECTED_ACCOUNT
    )

    control.post(f"/refunds/{refund.id}", json={"status": "failed"})

    assert client.v1.application_fees.retrieve("fee_direct").amount_refunded == 1500
    assert balance_movements(client, CONNECTED_ACCOUNT)[-1] == ("refund_failure", 10000)


def test_unknown_account_is_refused(api: httpx.Client) -> None:
    response = api.get("/v1/charges", headers={"Stripe-Account": "someone"})

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "account_invalid"


@pytest.mark.parametrize(
    ("sent", "fee_refunded"), [("true", 1500), ("True", 1500), ("false", 0), ("False", 0)]
)
def test_booleans_may_begin_with_a_capital(api: httpx.Client, sent: str, fee_refunded: int) -> None:
    form = {"charge": "ch_direct", "refund_application_fee": sent}
    api.post("/v1/refunds", data=form, headers={"Stripe-Account": CONNECTED_ACCOUNT})

    fee = api.get("/v1/application_fees/fee_direct").json()
    assert fee["amount_refunded"] == fee_refunded


@pytest.mark.parametrize(
    "form", [{"refund_application_fee": "TRUE"}, {"refund_application_fee[on]": "true"}]
)
def test_other_booleans_are_refused(api: httpx.Client, form: dict[str, str]) -> None:
    refused = api.post(
        "/v1/refunds",
        data={"charge": "ch_direct"} | form,
        headers={"Stripe-Account": CONNECTED_ACCOUNT},
    )

    error = refused.json()["error"]
    assert (refused.status_code, error["param"]) == (400, "refund_application_fee")
