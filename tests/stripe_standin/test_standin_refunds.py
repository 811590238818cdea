"""Refunds: amounts, parameters and metadata."""

import httpx
import pytest
import stripe

from tests.stripe_standin.actions import previous_attributes, request_refund

pytestmark = pytest.mark.usefixtures("seeded")


def test_refund_without_amount_returns_all_that_is_left(client: stripe.StripeClient) -> None:
    client.v1.refunds.create({"charge": "ch_platform", "amount": 2500})

    rest = client.v1.refunds.create({"payment_intent": "pi_platform"})

    assert (rest.amount, rest.status, rest.charge) == (7500, "succeeded", "ch_platform")
    charge = client.v1.charges.retrieve("ch_platform")
    assert (charge.amount_refunded, charge.refunded) == (10000, True)
    assert "refunds" not in charge


def test_balance_transaction_debits_the_gross_amount_without_a_fee(
    client: stripe.StripeClient,
) -> None:
    refund = client.v1.refunds.create(
        {"charge": "ch_platform", "amount": 2500, "expand": ["balance_transaction", "charge"]}
    )

    debit = refund.balance_transaction
    assert isinstance(debit, stripe.BalanceTransaction)
    assert (debit.amount, debit.fee, debit.net, debit.type) == (-2500, 0, -2500, "refund")
    assert debit.source == refund.id
    assert isinstance(refund.charge, stripe.Charge)
    assert refund.charge.amount_refunded == 2500


def test_refund_above_the_charge_gets_stripes_error_message_without_a_code(
    api: httpx.Client,
) -> None:
    response = request_refund(api, charge="ch_platform", amount="10001")

    error = response.json()["error"]
    assert response.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert error["param"] == "amount"
    assert "code" not in error
    assert error["message"] == ("Refund amount ($100.01) is greater than charge amount ($100.00)")


def test_refund_above_the_rest_gets_an_error_that_names_the_rest(api: httpx.Client) -> None:
    api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "2500"})

    error = request_refund(api, charge="ch_platform", amount="9000").json()["error"]

    assert error["message"] == (
        "Refund amount ($90.00) is greater than unrefunded amount on charge ($75.00)"
    )


def test_fully_refunded_charge_cannot_be_refunded_again(api: httpx.Client) -> None:
    api.post("/v1/refunds", data={"charge": "ch_platform"})

    for params in ({}, {"amount": "1"}):
        response = request_refund(api, charge="ch_platform", **params)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "charge_already_refunded"


def test_unknown_charge_and_charge_of_another_account_get_the_same_error(api: httpx.Client) -> None:
    for charge in ("ch_nowhere", "ch_direct"):
        response = request_refund(api, charge=charge)
        error = response.json()["error"]
        assert response.status_code == 404
        assert (error["code"], error["param"]) == ("resource_missing", "charge")
        assert error["message"] == f"No such charge: '{charge}'"


@pytest.mark.parametrize("amount", ["0", "-5", "1.5", "ten", "1_000", " 5", "9" * 5000])
def test_amount_must_be_a_positive_integer(api: httpx.Client, amount: str) -> None:
    response = request_refund(api, charge="ch_platform", amount=amount)

    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["param"]) == ("parameter_invalid_integer", "amount")


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"charge": "ch_platform", "color": "red"}, "parameter_unknown", "color"),
        ({"charge": "ch_platform", "reason": "wrong_print"}, None, "reason"),
        ({"charge": "ch_platform", "amount": ""}, "parameter_invalid_empty", "amount"),
        (
            {"charge": "ch_platform", "refund_application_fee": "yes"},
            None,
            "refund_application_fee",
        ),
        (
            {"charge": "ch_platform", "refund_application_fee": "true"},
            None,
            "refund_application_fee",
        ),
        ({"charge": "ch_platform", "reverse_transfer": "true"}, None, "reverse_transfer"),
        ({"charge": "ch_platform", "origin": "customer_balance"}, None, "origin"),
        ({"charge": "ch_platform", "metadata": "x"}, None, "metadata"),
        ({"charge[a]": "x"}, None, "charge"),
        ({"amount": "5"}, None, None),
        ({"charge": "ch_platform", "payment_intent": "pi_platform"}, None, None),
        ({"payment_intent": "pi_nowhere"}, "resource_missing", "payment_intent"),
        ({"charge": "ch_platform", "expand[]": "color"}, None, "expand"),
        ({"charge": "ch_platform", "expand": "charge"}, None, "expand"),
        (
            {"charge": "ch_platform", "expand[]": "charge.a.b.c.d"},
            "property_expansion_max_depth",
            None,
        ),
    ],
)
def test_refused_before_anything_happens(
    api: httpx.Client, params: dict[str, str], code: str | None, param: str | None
) -> None:
    response = request_refund(api, **params)

    assert response.status_code in {400, 404}
    error = response.json()["error"]
    assert (error.get("code"), error.get("param")) == (code, param)
    assert api.get("/v1/refunds").json()["data"] == []


def test_error_for_a_wrong_reason_lists_the_allowed_ones(api: httpx.Client) -> None:
    error = request_refund(api, charge="ch_platform", reason="quality").json()["error"]

    assert error["message"] == (
        "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer"
    )


def test_metadata_has_limits(api: httpx.Client) -> None:
    fits = {f"metadata[{index:040}]": "v" * 500 for index in range(50)}
    too_many = fits | {"metadata[extra]": "v"}

    for metadata in ({"metadata[" + "k" * 41 + "]": "v"}, {"metadata[k]": "v" * 501}, too_many):
        response = request_refund(api, charge="ch_platform", **metadata)
        assert response.status_code == 400
        assert response.json()["error"]["param"] == "metadata"
    assert len(api.post("/v1/refunds", data={"charge": "ch_platform", **fits}).json()["metadata"])


def test_metadata_update_merges_removes_and_clears(client: stripe.StripeClient) -> None:
    refund = client.v1.refunds.create(
        {"charge": "ch_platform", "metadata": {"order_id": "o1", "0": "digit"}}
    )

    merged = client.v1.refunds.update(refund.id, {"metadata": {"note": "n", "0": ""}})
    assert merged.to_dict()["metadata"] == {"order_id": "o1", "note": "n"}
    event = client.v1.events.list({"type": "refund.updated"}).data[0]
    assert previous_attributes(event) == {"metadata": {"0": "digit", "note": None}}

    assert client.v1.refunds.update(refund.id, {"metadata": ""}).to_dict()["metadata"] == {}
    assert client.v1.refunds.retrieve(refund.id).to_dict()["metadata"] == {}


def test_update_beyond_fifty_pairs_is_refused(api: httpx.Client) -> None:
    pairs = {f"metadata[k{index}]": "v" for index in range(50)}
    refund = api.post("/v1/refunds", data={"charge": "ch_platform", **pairs}).json()

    response = api.post(f"/v1/refunds/{refund['id']}", data={"metadata[one_more]": "v"})

    assert response.status_code == 400
    assert "51" in response.json()["error"]["message"]


def test_error_messages_print_a_zero_decimal_currency_without_decimals(
    api: httpx.Client, control: httpx.Client
) -> None:
    charge = {
        "id": "ch_yen",
        "payment_intent": None,
        "amount": 5000,
        "currency": "jpy",
        "fee": 180,
        "metadata": {"order_id": "o1"},
    }
    control.post("/charges", json={"charges": [charge]}).raise_for_status()

    assert (
        "¥6,000" in request_refund(api, charge="ch_yen", amount="6000").json()["error"]["message"]
    )
