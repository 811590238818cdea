"""Transfers to connected accounts and their reversals."""

import httpx
import pytest
import stripe

from tests.stripe_standin.actions import balance_movements
from tests.stripe_standin.seeds import CONNECTED_ACCOUNT

pytestmark = pytest.mark.usefixtures("seeded")


def test_transfer_pays_a_connected_account_and_can_be_reversed(client: stripe.StripeClient) -> None:
    transfer = client.v1.transfers.create(
        {
            "amount": 8000,
            "currency": "usd",
            "destination": CONNECTED_ACCOUNT,
            "transfer_group": "payout_1",
            "metadata": {"payout_id": "p1"},
            "source_transaction": "ch_platform",
        }
    )
    assert balance_movements(client, None)[-1] == ("transfer", -8000)
    assert balance_movements(client, CONNECTED_ACCOUNT)[-1] == ("payment", 8000)

    client.v1.transfers.reversals.create(transfer.id, {"amount": 3000})
    client.v1.transfers.reversals.create(transfer.id)

    reversed_ = client.v1.transfers.retrieve(transfer.id, {"expand": ["destination_payment"]})
    assert (reversed_.amount_reversed, reversed_.reversed) == (8000, True)
    assert isinstance(reversed_.destination_payment, stripe.Charge)
    assert reversed_.destination_payment.refunded
    assert balance_movements(client, None)[-2:] == [
        ("transfer_refund", 3000),
        ("transfer_refund", 5000),
    ]
    assert balance_movements(client, CONNECTED_ACCOUNT)[-2:] == [
        ("payment_refund", -3000),
        ("payment_refund", -5000),
    ]
    types = [event.type for event in client.v1.events.list()][::-1]
    assert types == ["transfer.created", "transfer.reversed", "transfer.reversed"]
    with pytest.raises(stripe.InvalidRequestError, match="already fully reversed"):
        client.v1.transfers.reversals.create(transfer.id)


def test_transfers_can_be_filtered(client: stripe.StripeClient) -> None:
    for group, destination in (("a", CONNECTED_ACCOUNT), ("b", "acct_other")):
        client.v1.transfers.create(
            {"amount": 1, "currency": "usd", "destination": destination, "transfer_group": group}
        )

    assert len(client.v1.transfers.list().data) == 2
    assert [
        t.transfer_group for t in client.v1.transfers.list({"destination": CONNECTED_ACCOUNT})
    ] == ["a"]
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
def test_wrong_transfers_are_refused(
    api: httpx.Client, params: dict[str, str], code: str | None, param: str
) -> None:
    good = {"amount": "100", "currency": "usd", "destination": CONNECTED_ACCOUNT}

    response = api.post("/v1/transfers", data=good | params)

    error = response.json()["error"]
    assert (response.status_code, error.get("code"), error["param"]) == (400, code, param)


def test_transfer_needs_an_amount_and_limits_its_reversals(api: httpx.Client) -> None:
    response = api.post("/v1/transfers", data={"currency": "usd", "destination": CONNECTED_ACCOUNT})
    assert response.json()["error"]["code"] == "parameter_missing"
    params = {"amount": "100", "currency": "usd", "destination": CONNECTED_ACCOUNT}
    transfer = api.post("/v1/transfers", data=params).json()

    path = f"/v1/transfers/{transfer['id']}/reversals"
    assert api.post(path, data={"amount": "101"}).json()["error"]["param"] == "amount"


def test_transfers_can_fail(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    match = {"path_prefix": "/v1/transfers"}
    params = {"amount": "100", "currency": "usd", "destination": CONNECTED_ACCOUNT}

    control.post("/faults", json={"fault": "insufficient_funds", "match": match})
    refused = api.post("/v1/transfers", data=params)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "balance_insufficient")

    control.post("/faults", json={"fault": "fail_at_once", "match": match})
    failed = api.post("/v1/transfers", data=params).json()
    assert (failed["reversed"], failed["amount_reversed"]) == (True, 100)
    assert balance_movements(client, None)[-2:] == [("transfer", -100), ("transfer_failure", 100)]


def make_transfer(api: httpx.Client) -> str:
    params = {"amount": "8000", "currency": "usd", "destination": CONNECTED_ACCOUNT}
    return str(api.post("/v1/transfers", data=params).json()["id"])


def test_command_reverses_a_transfer_in_part_and_in_whole(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    id_ = make_transfer(api)
    path = f"/transfers/{id_}/reversals"

    partly = control.post(path, json={"amount": 3000}).raise_for_status().json()
    assert (partly["amount_reversed"], partly["reversed"]) == (3000, False)
    assert control.post(path, json={"amount": 5001}).status_code == 409
    wholly = control.post(path).raise_for_status().json()

    assert (wholly["amount_reversed"], wholly["reversed"]) == (8000, True)
    assert [each["amount"] for each in wholly["reversals"]["data"]] == [5000, 3000]
    assert control.post(path).status_code == 409
    assert control.post("/transfers/tr_none/reversals").status_code == 404
    event = client.v1.events.list({"type": "transfer.reversed"}).data[0].to_dict()
    assert (event["data"]["object"]["id"], event["request"]["id"]) == (id_, None)
    reversals = client.v1.transfers.reversals.list(id_, {"limit": 1})
    assert [each.amount for each in reversals.auto_paging_iter()] == [5000, 3000]
    params = {"source": str(reversals.data[0].id)}
    (credit,) = api.get("/v1/balance_transactions", params=params).json()["data"]
    assert (credit["type"], credit["reporting_category"], credit["net"]) == (
        *("transfer_refund", "transfer_reversal", 5000),
    )


def test_transfer_can_be_reversed_silently(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    id_ = make_transfer(api)

    control.post(f"/transfers/{id_}/reversals", json={"silent": True}).raise_for_status()

    assert client.v1.transfers.retrieve(id_).reversed
    assert [each.type for each in client.v1.events.list()] == ["transfer.created"]
    assert balance_movements(client, None)[-1] == ("transfer_refund", 8000)
