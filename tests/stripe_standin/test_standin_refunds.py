import httpx
import pytest
import stripe

pytestmark = pytest.mark.usefixtures("seeded")
STUDIO = "acct_1Lakeside"


def event_types(client: stripe.StripeClient, account: str | None = None) -> list[str]:
    options: stripe.RequestOptions = {} if account is None else {"stripe_account": account}
    return [str(event.type) for event in client.v1.events.list({"limit": 100}, options)][::-1]


def previous(event: stripe.Event) -> object:
    return event.to_dict()["data"]["previous_attributes"]


def refuse(api: httpx.Client, **params: str) -> httpx.Response:
    return api.post("/v1/refunds", data=params)


def test_without_amount_refunds_all_that_is_left(client: stripe.StripeClient) -> None:
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


def test_more_than_the_charge_has_stripes_wording_and_no_code(api: httpx.Client) -> None:
    response = refuse(api, charge="ch_platform", amount="10001")

    error = response.json()["error"]
    assert response.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert error["param"] == "amount"
    assert "code" not in error
    assert error["message"] == ("Refund amount ($100.01) is greater than charge amount ($100.00)")


def test_more_than_is_left_says_what_is_left(api: httpx.Client) -> None:
    api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "2500"})

    error = refuse(api, charge="ch_platform", amount="9000").json()["error"]

    assert error["message"] == (
        "Refund amount ($90.00) is greater than unrefunded amount on charge ($75.00)"
    )


def test_nothing_left(api: httpx.Client) -> None:
    api.post("/v1/refunds", data={"charge": "ch_platform"})

    for params in ({}, {"amount": "1"}):
        response = refuse(api, charge="ch_platform", **params)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "charge_already_refunded"


def test_unknown_charge_and_charge_of_another_account_look_the_same(api: httpx.Client) -> None:
    for charge in ("ch_nowhere", "ch_direct"):
        response = refuse(api, charge=charge)
        error = response.json()["error"]
        assert response.status_code == 404
        assert (error["code"], error["param"]) == ("resource_missing", "charge")
        assert error["message"] == f"No such charge: '{charge}'"


@pytest.mark.parametrize("amount", ["0", "-5", "1.5", "ten", "1_000", " 5", "9" * 5000])
def test_amount_must_be_a_positive_integer(api: httpx.Client, amount: str) -> None:
    response = refuse(api, charge="ch_platform", amount=amount)

    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["param"]) == ("parameter_invalid_integer", "amount")


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"charge": "ch_platform", "colour": "red"}, "parameter_unknown", "colour"),
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
        ({"charge": "ch_platform", "expand[]": "colour"}, None, "expand"),
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
    response = refuse(api, **params)

    assert response.status_code in {400, 404}
    error = response.json()["error"]
    assert (error.get("code"), error.get("param")) == (code, param)
    assert api.get("/v1/refunds").json()["data"] == []


def test_reason_names_what_is_allowed(api: httpx.Client) -> None:
    error = refuse(api, charge="ch_platform", reason="quality").json()["error"]

    assert error["message"] == (
        "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer"
    )


def test_metadata_limits(api: httpx.Client) -> None:
    fits = {f"metadata[{index:040}]": "v" * 500 for index in range(50)}
    too_many = fits | {"metadata[extra]": "v"}

    for metadata in ({"metadata[" + "k" * 41 + "]": "v"}, {"metadata[k]": "v" * 501}, too_many):
        response = refuse(api, charge="ch_platform", **metadata)
        assert response.status_code == 400
        assert response.json()["error"]["param"] == "metadata"
    assert len(api.post("/v1/refunds", data={"charge": "ch_platform", **fits}).json()["metadata"])


def test_metadata_update_merges_unsets_and_clears(client: stripe.StripeClient) -> None:
    refund = client.v1.refunds.create(
        {"charge": "ch_platform", "metadata": {"order_id": "o1", "0": "digit"}}
    )

    merged = client.v1.refunds.update(refund.id, {"metadata": {"note": "n", "0": ""}})
    assert merged.to_dict()["metadata"] == {"order_id": "o1", "note": "n"}
    event = client.v1.events.list({"type": "refund.updated"}).data[0]
    assert previous(event) == {"metadata": {"0": "digit", "note": None}}

    assert client.v1.refunds.update(refund.id, {"metadata": ""}).to_dict()["metadata"] == {}
    assert client.v1.refunds.retrieve(refund.id).to_dict()["metadata"] == {}


def test_update_beyond_fifty_pairs_is_refused(api: httpx.Client) -> None:
    pairs = {f"metadata[k{index}]": "v" for index in range(50)}
    refund = api.post("/v1/refunds", data={"charge": "ch_platform", **pairs}).json()

    response = api.post(f"/v1/refunds/{refund['id']}", data={"metadata[one_more]": "v"})

    assert response.status_code == 400
    assert "51" in response.json()["error"]["message"]


def test_list_filters(
    client: stripe.StripeClient, control: httpx.Client, api: httpx.Client
) -> None:
    first = client.v1.refunds.create({"charge": "ch_platform", "amount": 100})
    later = control.post("/clock", json={"advance_s": 3600}).json()["now"]
    second = client.v1.refunds.create({"charge": "ch_platform", "amount": 200})

    def ids(params: stripe.params.RefundListParams) -> list[str]:
        return [refund.id for refund in client.v1.refunds.list(params)]

    assert ids({"charge": "ch_platform"}) == [second.id, first.id]
    assert ids({"payment_intent": "pi_platform"}) == [second.id, first.id]
    assert ids({"created": {"gte": later}}) == [second.id]
    assert ids({"created": {"lt": later, "gt": later - 4000}}) == [first.id]
    assert ids({"created": {"lte": first.created}}) == [first.id]
    assert ids({"created": second.created}) == [second.id]
    of_charge = api.get("/v1/charges/ch_platform/refunds").json()["data"]
    assert [refund["id"] for refund in of_charge] == [second.id, first.id]


def test_list_of_an_unknown_charge_is_an_error_not_an_empty_list(api: httpx.Client) -> None:
    for params in ({"charge": "ch_direct"}, {"payment_intent": "pi_direct"}):
        assert api.get("/v1/refunds", params=params).status_code == 404
    assert api.get("/v1/charges/ch_direct/refunds").status_code == 404


def test_pages_in_both_directions(api: httpx.Client) -> None:
    made = [
        api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "10"}).json()["id"]
        for _ in range(5)
    ][::-1]

    def page(**params: str) -> tuple[list[str], bool]:
        body = api.get("/v1/refunds", params=params).json()
        return [refund["id"] for refund in body["data"]], body["has_more"]

    assert page(limit="2") == (made[:2], True)
    assert page(limit="2", starting_after=made[1]) == (made[2:4], True)
    assert page(limit="2", starting_after=made[3]) == (made[4:], False)
    assert page(limit="2", ending_before=made[4]) == (made[2:4], True)
    assert page(limit="3", ending_before=made[3]) == (made[:3], False)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"starting_after": "re_nowhere"}, "starting_after"),
        ({"ending_before": "re_nowhere"}, "ending_before"),
        ({"starting_after": "re_a", "ending_before": "re_b"}, None),
        ({"created[after]": "5"}, "created[after]"),
        ({"created[gte]": "soon"}, "created[gte]"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_list_params_are_checked(
    api: httpx.Client, params: dict[str, str], param: str | None
) -> None:
    response = api.get("/v1/refunds", params=params)

    assert response.status_code == 400
    assert response.json()["error"].get("param") == param


def test_sdk_pages_through_everything(client: stripe.StripeClient) -> None:
    made = [client.v1.refunds.create({"charge": "ch_platform", "amount": 10}).id for _ in range(5)]

    listed = client.v1.refunds.list({"limit": 2}).auto_paging_iter()

    assert [refund.id for refund in listed] == made[::-1]


def test_events_of_a_card_refund(client: stripe.StripeClient) -> None:
    refund = client.v1.refunds.create(
        {"charge": "ch_platform", "amount": 2500}, {"idempotency_key": "rf_1:1"}
    )

    assert event_types(client) == ["refund.created", "charge.refunded"]
    refunded, created = client.v1.events.list()
    assert previous(refunded) == {"amount_refunded": 0}
    assert "refunds" not in refunded.data.object
    assert created.data.object["id"] == refund.id
    assert created.request is not None
    assert created.request.idempotency_key == "rf_1:1"
    assert created.request.id is not None
    assert (created.livemode, created.pending_webhooks) == (False, 0)
    assert client.v1.events.retrieve(created.id) == created


def test_late_failure_gives_the_money_back(
    client: stripe.StripeClient, control: httpx.Client
) -> None:
    refund = client.v1.refunds.create({"charge": "ch_platform", "amount": 2500})

    control.post(f"/refunds/{refund.id}", json={"status": "failed"}).raise_for_status()

    failed = client.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    credit = failed.failure_balance_transaction
    assert isinstance(credit, stripe.BalanceTransaction)
    assert (credit.amount, credit.type, credit.source) == (2500, "refund_failure", refund.id)
    listed = client.v1.balance_transactions.list({"type": "refund_failure"})
    assert [txn.id for txn in listed] == [credit.id]
    assert client.v1.charges.retrieve("ch_platform").amount_refunded == 0
    assert event_types(client) == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
        "refund.failed",
    ]
    update = client.v1.events.list({"type": "refund.updated"}).data[0]
    assert previous(update) == {
        "failure_balance_transaction": None,
        "failure_reason": None,
        "status": "succeeded",
    }
    assert update.request is not None
    assert update.request.id is None
    # What came back can be refunded again.
    assert client.v1.refunds.create({"charge": "ch_platform"}).amount == 10000


@pytest.mark.parametrize(
    ("path", "final"),
    [(["succeeded"], "succeeded"), (["pending", "failed"], "failed"), (["canceled"], "canceled")],
)
def test_pending_refund_moves_on(
    client: stripe.StripeClient, control: httpx.Client, path: list[str], final: str
) -> None:
    control.post("/faults", json={"fault": "pending"})
    refund = client.v1.refunds.create({"charge": "ch_platform"})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert client.v1.charges.retrieve("ch_platform").amount_refunded == 10000

    for status in path:
        control.post(f"/refunds/{refund.id}", json={"status": status}).raise_for_status()

    moved = client.v1.refunds.retrieve(refund.id)
    assert moved.status == final
    assert "pending_reason" not in moved
    refunded = client.v1.charges.retrieve("ch_platform").amount_refunded
    assert refunded == (10000 if final == "succeeded" else 0)


@pytest.mark.parametrize(
    ("made_so", "refused"),
    [("failed", "succeeded"), ("canceled", "failed"), ("succeeded", "pending")],
)
def test_refunds_do_not_move_backwards(
    client: stripe.StripeClient, control: httpx.Client, made_so: str, refused: str
) -> None:
    control.post("/faults", json={"fault": "pending"})
    refund = client.v1.refunds.create({"charge": "ch_platform"})
    control.post(f"/refunds/{refund.id}", json={"status": made_so}).raise_for_status()

    response = control.post(f"/refunds/{refund.id}", json={"status": refused})

    assert response.status_code == 409
    assert client.v1.refunds.retrieve(refund.id).status == made_so


def test_insufficient_funds_touches_the_balance_only_on_success(
    client: stripe.StripeClient, control: httpx.Client
) -> None:
    control.post("/faults", json={"fault": "insufficient_funds"})
    refund = client.v1.refunds.create({"charge": "ch_platform"})
    assert (refund.status, refund.pending_reason) == ("pending", "insufficient_funds")
    assert refund.balance_transaction is None
    assert list(client.v1.balance_transactions.list({"source": refund.id})) == []

    control.post(f"/refunds/{refund.id}", json={"status": "succeeded"})

    assert client.v1.refunds.retrieve(refund.id).balance_transaction is not None
    update = client.v1.events.list({"type": "refund.updated"}).data[0]
    assert previous(update) == {
        "balance_transaction": None,
        "pending_reason": "insufficient_funds",
        "status": "pending",
    }


def test_insufficient_funds_failing_leaves_no_trace_in_the_balance(
    client: stripe.StripeClient, control: httpx.Client
) -> None:
    control.post("/faults", json={"fault": "insufficient_funds"})
    refund = client.v1.refunds.create({"charge": "ch_platform"})

    control.post(
        f"/refunds/{refund.id}", json={"status": "failed", "failure_reason": "insufficient_funds"}
    )

    failed = client.v1.refunds.retrieve(refund.id)
    assert failed.failure_reason == "insufficient_funds"
    assert "failure_balance_transaction" not in failed


def test_cancel(client: stripe.StripeClient, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "requires_action"})
    refund = client.v1.refunds.create(
        {"charge": "ch_platform", "instructions_email": "parent@mail.example"}
    )
    assert refund.status == "requires_action"
    assert refund.next_action is not None
    assert refund.next_action.type == "display_details"

    canceled = client.v1.refunds.cancel(refund.id)

    assert (canceled.status, canceled.failure_reason) == ("canceled", "merchant_request")
    assert "next_action" not in canceled
    assert client.v1.charges.retrieve("ch_platform").amount_refunded == 0
    assert event_types(client)[-2:] == ["refund.updated", "charge.refund.updated"]


def test_cancel_is_refused_once_succeeded(api: httpx.Client) -> None:
    refund = api.post("/v1/refunds", data={"charge": "ch_platform"}).json()

    response = api.post(f"/v1/refunds/{refund['id']}/cancel")

    assert response.status_code == 400
    assert response.json()["error"]["message"] == "Canceling this refund is unsupported."


def test_fail_at_once(client: stripe.StripeClient, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "fail_at_once"})

    refund = client.v1.refunds.create({"charge": "ch_platform"})

    assert refund.status == "failed"
    assert client.v1.charges.retrieve("ch_platform").amount_refunded == 0
    assert event_types(client)[0] == "refund.created"
    assert event_types(client)[-1] == "refund.failed"


def test_fail_is_impossible_for_what_does_not_exist(control: httpx.Client) -> None:
    assert control.post("/refunds/re_nowhere", json={"status": "failed"}).status_code == 404


def test_disputed_charge_cannot_be_refunded(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    dispute_id = control.post("/disputes", json={"charge": "ch_platform"}).json()["id"]

    response = refuse(api, charge="ch_platform")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "charge_disputed"
    assert client.v1.charges.retrieve("ch_platform").disputed
    dispute = client.v1.disputes.retrieve(dispute_id)
    assert (dispute.amount, dispute.status) == (10000, "needs_response")
    assert dispute.balance_transactions[0].net == -11500

    control.post(f"/disputes/{dispute_id}/close", json={"status": "won"}).raise_for_status()
    assert event_types(client) == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]
    assert api.post("/v1/refunds", data={"charge": "ch_platform"}).status_code == 200


def test_lost_dispute_stays_unrefundable(api: httpx.Client, control: httpx.Client) -> None:
    dispute_id = control.post("/disputes", json={"charge": "ch_platform"}).json()["id"]
    close = f"/disputes/{dispute_id}/close"
    assert control.post(close, json={"status": "lost"}).json()["status"] == "lost"

    assert control.post(close, json={"status": "won"}).status_code == 409
    assert control.post("/disputes", json={"charge": "ch_platform"}).status_code == 409
    assert control.post("/disputes", json={"charge": "ch_nowhere"}).status_code == 404
    assert refuse(api, charge="ch_platform").json()["error"]["code"] == "charge_disputed"


def test_dispute_fails_refunds_under_way(
    client: stripe.StripeClient, control: httpx.Client
) -> None:
    control.post("/faults", json={"fault": "pending"})
    refund = client.v1.refunds.create({"charge": "ch_platform", "amount": 100})

    dispute = control.post("/disputes", json={"charge": "ch_platform"}).json()

    assert dispute["amount"] == 9900
    failed = client.v1.refunds.retrieve(refund.id)
    assert failed.failure_reason == "charge_for_pending_refund_disputed"


def test_zero_decimal_currency_in_messages(api: httpx.Client, control: httpx.Client) -> None:
    charge = {
        "id": "ch_yen",
        "payment_intent": None,
        "amount": 5000,
        "currency": "jpy",
        "fee": 180,
        "metadata": {"order_id": "o1"},
    }
    control.post("/charges", json={"charges": [charge]}).raise_for_status()

    assert "¥6,000" in refuse(api, charge="ch_yen", amount="6000").json()["error"]["message"]
