import httpx
import pytest
import stripe

pytestmark = pytest.mark.usefixtures("seeded")
STUDIO = "acct_1Lakeside"
ON_STUDIO: stripe.RequestOptions = {"stripe_account": STUDIO}


def balance(client: stripe.StripeClient, account: str | None) -> list[tuple[str, int]]:
    """Return type and net of an account's balance transactions, oldest first."""
    options: stripe.RequestOptions = {} if account is None else {"stripe_account": account}
    transactions = client.v1.balance_transactions.list({"limit": 100}, options)
    return [(str(txn.type), txn.net) for txn in transactions][::-1]


def test_direct_charge_is_seen_only_on_its_account(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.retrieve(
        "ch_direct", {"expand": ["balance_transaction", "application_fee"]}, ON_STUDIO
    )

    transaction = charge.balance_transaction
    assert isinstance(transaction, stripe.BalanceTransaction)
    # As Stripe does, `fee` includes the application fee and `fee_details` tells them apart.
    assert (transaction.fee, transaction.net) == (1820, 8180)
    assert {detail.type: detail.amount for detail in transaction.fee_details} == {
        "application_fee": 1500,
        "stripe_fee": 320,
    }
    assert isinstance(charge.application_fee, stripe.ApplicationFee)
    assert charge.application_fee.account == STUDIO
    with pytest.raises(stripe.InvalidRequestError, match="No such charge: 'ch_direct'"):
        client.v1.charges.retrieve("ch_direct")
    with pytest.raises(stripe.InvalidRequestError, match="No such charge: 'ch_direct'"):
        client.v1.charges.retrieve("ch_direct", {}, {"stripe_account": "acct_other"})
    assert [c.id for c in client.v1.charges.list()] == ["ch_platform"]
    assert [c.id for c in client.v1.charges.list({}, ON_STUDIO)] == ["ch_direct"]


def test_refund_of_a_direct_charge_debits_the_studio_and_keeps_the_fee(
    client: stripe.StripeClient,
) -> None:
    client.v1.refunds.create({"charge": "ch_direct"}, ON_STUDIO)

    assert balance(client, STUDIO) == [("charge", 8180), ("refund", -10000)]
    assert client.v1.application_fees.retrieve("fee_direct").amount_refunded == 0
    events = client.v1.events.list({"type": "refund.created"}, ON_STUDIO)
    assert [event.account for event in events] == [STUDIO]
    assert list(client.v1.events.list()) == []


def test_application_fee_refund_moves_money_from_platform_to_studio(
    client: stripe.StripeClient,
) -> None:
    refund = client.v1.application_fees.refunds.create("fee_direct", {"amount": 400})

    assert (refund.amount, refund.fee) == (400, "fee_direct")
    assert balance(client, None)[1:] == [
        ("application_fee", 1500),
        ("application_fee_refund", -400),
    ]
    assert balance(client, STUDIO) == [("charge", 8180), ("adjustment", 400)]
    fee = client.v1.application_fees.retrieve("fee_direct")
    assert (fee.amount_refunded, fee.refunded) == (400, False)
    assert [r.id for r in client.v1.application_fees.refunds.list("fee_direct")] == [refund.id]
    event = client.v1.events.list({"type": "application_fee.refunded"}).data[0]
    assert event.data.object["amount_refunded"] == 400
    assert "account" not in event


def test_application_fee_cannot_be_exceeded(api: httpx.Client) -> None:
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


def test_application_fees_live_on_the_platform(api: httpx.Client) -> None:
    headers = {"Stripe-Account": STUDIO}

    assert api.get("/v1/application_fees/fee_direct").status_code == 200
    assert api.get("/v1/application_fees/fee_direct", headers=headers).status_code == 404
    fee_refunds = "/v1/application_fees/fee_direct/refunds"
    assert api.get(fee_refunds, headers=headers).status_code == 404
    assert api.post(fee_refunds, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("amounts", "given_back"),
    [([10000], 1500), ([2500], 375), ([1], 0), ([3333, 3333, 3334], 1500)],
)
def test_refund_application_fee_is_proportional(
    client: stripe.StripeClient, amounts: list[int], given_back: int
) -> None:
    for amount in amounts:
        client.v1.refunds.create(
            {"charge": "ch_direct", "amount": amount, "refund_application_fee": True}, ON_STUDIO
        )

    assert client.v1.application_fees.retrieve("fee_direct").amount_refunded == given_back


def test_late_failure_leaves_the_application_fee_given_back(
    client: stripe.StripeClient, control: httpx.Client
) -> None:
    refund = client.v1.refunds.create(
        {"charge": "ch_direct", "refund_application_fee": True}, ON_STUDIO
    )

    control.post(f"/refunds/{refund.id}", json={"status": "failed"})

    assert client.v1.application_fees.retrieve("fee_direct").amount_refunded == 1500
    assert balance(client, STUDIO)[-1] == ("refund_failure", 10000)


def test_unknown_account_is_refused(api: httpx.Client) -> None:
    response = api.get("/v1/charges", headers={"Stripe-Account": "studio-7"})

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "account_invalid"


def test_payment_makes_a_charge_and_its_fee(client: stripe.StripeClient) -> None:
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
        ON_STUDIO,
    )

    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (intent.status, charge.status, charge.amount) == ("succeeded", "succeeded", 10000)
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert charge.balance_transaction.fee == 320 + 1500
    assert charge.payment_intent == intent.id
    assert client.v1.payment_intents.retrieve(intent.id, {}, ON_STUDIO).latest_charge == charge.id
    found = client.v1.charges.list({"payment_intent": intent.id}, ON_STUDIO)
    assert [item.metadata["order_id"] for item in found] == ["o1"]
    types = [event.type for event in client.v1.events.list({}, ON_STUDIO)][::-1]
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
def test_payments_the_standin_does_not_make(api: httpx.Client, params: dict[str, str]) -> None:
    good = {
        "amount": "1000",
        "currency": "usd",
        "confirm": "true",
        "payment_method": "pm_card_visa",
    }

    assert api.post("/v1/payment_intents", data=good | params).status_code == 400
    assert api.post("/v1/payment_intents", data=good).status_code == 200


def test_payment_fee_cannot_exceed_the_amount(api: httpx.Client) -> None:
    params = {
        "amount": "1000",
        "currency": "usd",
        "confirm": "true",
        "payment_method": "pm_card_visa",
        "application_fee_amount": "1001",
    }

    response = api.post("/v1/payment_intents", data=params, headers={"Stripe-Account": STUDIO})

    assert response.json()["error"]["param"] == "application_fee_amount"


def test_transfer_pays_a_studio_and_can_be_reversed(client: stripe.StripeClient) -> None:
    transfer = client.v1.transfers.create(
        {
            "amount": 8000,
            "currency": "usd",
            "destination": STUDIO,
            "transfer_group": "payout_1",
            "metadata": {"payout_id": "p1"},
            "source_transaction": "ch_platform",
        }
    )
    assert balance(client, None)[-1] == ("transfer", -8000)
    assert balance(client, STUDIO)[-1] == ("payment", 8000)

    client.v1.transfers.reversals.create(transfer.id, {"amount": 3000})
    client.v1.transfers.reversals.create(transfer.id)

    reversed_ = client.v1.transfers.retrieve(transfer.id, {"expand": ["destination_payment"]})
    assert (reversed_.amount_reversed, reversed_.reversed) == (8000, True)
    assert isinstance(reversed_.destination_payment, stripe.Charge)
    assert reversed_.destination_payment.refunded
    assert balance(client, None)[-2:] == [("transfer_refund", 3000), ("transfer_refund", 5000)]
    assert balance(client, STUDIO)[-2:] == [("payment_refund", -3000), ("payment_refund", -5000)]
    types = [event.type for event in client.v1.events.list()][::-1]
    assert types == ["transfer.created", "transfer.reversed", "transfer.reversed"]
    with pytest.raises(stripe.InvalidRequestError, match="already fully reversed"):
        client.v1.transfers.reversals.create(transfer.id)


def test_transfer_lists_are_filtered(client: stripe.StripeClient) -> None:
    for group, destination in (("a", STUDIO), ("b", "acct_other")):
        client.v1.transfers.create(
            {"amount": 1, "currency": "usd", "destination": destination, "transfer_group": group}
        )

    assert len(client.v1.transfers.list().data) == 2
    assert [t.transfer_group for t in client.v1.transfers.list({"destination": STUDIO})] == ["a"]
    assert len(client.v1.transfers.list({"transfer_group": "b"}).data) == 1
    assert client.v1.transfers.list({"created": {"gt": 4_000_000_000}}).data == []


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"amount": ""}, "parameter_invalid_empty", "amount"),
        ({"destination": "bank"}, "resource_missing", "destination"),
        ({"source_transaction": "ch_nowhere"}, "resource_missing", "source_transaction"),
        ({"source_transaction": "ch_platform", "amount": "10001"}, None, "amount"),
    ],
)
def test_transfers_refused(
    api: httpx.Client, params: dict[str, str], code: str | None, param: str
) -> None:
    good = {"amount": "100", "currency": "usd", "destination": STUDIO}

    response = api.post("/v1/transfers", data=good | params)

    error = response.json()["error"]
    assert (response.status_code, error.get("code"), error["param"]) == (400, code, param)


def test_transfer_needs_an_amount_and_reversal_has_a_limit(api: httpx.Client) -> None:
    response = api.post("/v1/transfers", data={"currency": "usd", "destination": STUDIO})
    assert response.json()["error"]["code"] == "parameter_missing"
    params = {"amount": "100", "currency": "usd", "destination": STUDIO}
    transfer = api.post("/v1/transfers", data=params).json()

    path = f"/v1/transfers/{transfer['id']}/reversals"
    assert api.post(path, data={"amount": "101"}).json()["error"]["param"] == "amount"


def test_transfer_faults(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    match = {"path_prefix": "/v1/transfers"}
    params = {"amount": "100", "currency": "usd", "destination": STUDIO}

    control.post("/faults", json={"fault": "insufficient_funds", "match": match})
    refused = api.post("/v1/transfers", data=params)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "balance_insufficient")

    control.post("/faults", json={"fault": "fail_at_once", "match": match})
    failed = api.post("/v1/transfers", data=params).json()
    assert (failed["reversed"], failed["amount_reversed"]) == (True, 100)
    assert balance(client, None)[-2:] == [("transfer", -100), ("transfer_failure", 100)]
