"""Refunds that wait, fail, succeed or are canceled, and their events."""

import httpx
import pytest
import stripe

from tests.stripe_standin.actions import event_types, previous_attributes

pytestmark = pytest.mark.usefixtures("seeded")


def test_card_refund_emits_its_events(client: stripe.StripeClient) -> None:
    refund = client.v1.refunds.create(
        {"charge": "ch_platform", "amount": 2500}, {"idempotency_key": "rf_1:1"}
    )

    assert event_types(client) == ["refund.created", "charge.refunded"]
    refunded, created = client.v1.events.list()
    assert previous_attributes(refunded) == {"amount_refunded": 0}
    assert "refunds" not in refunded.data.object
    assert created.data.object["id"] == refund.id
    assert created.request is not None
    assert created.request.idempotency_key == "rf_1:1"
    assert created.request.id is not None
    assert (created.livemode, created.pending_webhooks) == (False, 0)
    assert client.v1.events.retrieve(created.id) == created


def test_late_failure_returns_the_money(client: stripe.StripeClient, control: httpx.Client) -> None:
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
    assert previous_attributes(update) == {
        "failure_balance_transaction": None,
        "failure_reason": None,
        "status": "succeeded",
    }
    assert update.request is not None
    assert update.request.id is None
    # The returned amount can be refunded again.
    assert client.v1.refunds.create({"charge": "ch_platform"}).amount == 10000


@pytest.mark.parametrize(
    ("path", "final"),
    [(["succeeded"], "succeeded"), (["pending", "failed"], "failed"), (["canceled"], "canceled")],
)
def test_pending_refund_reaches_a_final_status(
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
    ("first", "refused"),
    [("failed", "succeeded"), ("canceled", "failed"), ("succeeded", "pending")],
)
def test_impossible_refund_transitions_are_refused(
    client: stripe.StripeClient, control: httpx.Client, first: str, refused: str
) -> None:
    control.post("/faults", json={"fault": "pending"})
    refund = client.v1.refunds.create({"charge": "ch_platform"})
    control.post(f"/refunds/{refund.id}", json={"status": first}).raise_for_status()

    response = control.post(f"/refunds/{refund.id}", json={"status": refused})

    assert response.status_code == 409
    assert client.v1.refunds.retrieve(refund.id).status == first


def test_refund_that_waits_for_funds_debits_the_balance_only_on_success(
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
    assert previous_attributes(update) == {
        "balance_transaction": None,
        "pending_reason": "insufficient_funds",
        "status": "pending",
    }


def test_refund_that_waits_for_funds_and_fails_never_moves_the_balance(
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


def test_refund_that_requires_action_can_be_canceled(
    client: stripe.StripeClient, control: httpx.Client
) -> None:
    control.post("/faults", json={"fault": "requires_action"})
    refund = client.v1.refunds.create(
        {"charge": "ch_platform", "instructions_email": "customer@mail.example"}
    )
    assert refund.status == "requires_action"
    assert refund.next_action is not None
    assert refund.next_action.type == "display_details"

    canceled = client.v1.refunds.cancel(refund.id)

    assert (canceled.status, canceled.failure_reason) == ("canceled", "merchant_request")
    assert "next_action" not in canceled
    assert client.v1.charges.retrieve("ch_platform").amount_refunded == 0
    assert event_types(client)[-2:] == ["refund.updated", "charge.refund.updated"]


def test_succeeded_refund_cannot_be_canceled_through_the_api(api: httpx.Client) -> None:
    refund = api.post("/v1/refunds", data={"charge": "ch_platform"}).json()

    response = api.post(f"/v1/refunds/{refund['id']}/cancel")

    assert response.status_code == 400
    assert response.json()["error"]["message"] == "Canceling this refund is unsupported."


def test_refund_can_fail_at_once(client: stripe.StripeClient, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "fail_at_once"})

    refund = client.v1.refunds.create({"charge": "ch_platform"})

    assert refund.status == "failed"
    assert client.v1.charges.retrieve("ch_platform").amount_refunded == 0
    assert event_types(client)[0] == "refund.created"
    assert event_types(client)[-1] == "refund.failed"


def test_unknown_refund_cannot_fail(control: httpx.Client) -> None:
    assert control.post("/refunds/re_nowhere", json={"status": "failed"}).status_code == 404
