"""Disputes: what they withdraw, and the refunds that they prevent."""

import httpx
import pytest
import stripe

from tests.stripe_standin.actions import event_types, request_refund

pytestmark = pytest.mark.usefixtures("seeded")


def test_disputed_charge_cannot_be_refunded(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    dispute_id = control.post("/disputes", json={"charge": "ch_platform"}).json()["id"]

    response = request_refund(api, charge="ch_platform")
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


def test_charge_with_a_lost_dispute_stays_unrefundable(
    api: httpx.Client, control: httpx.Client
) -> None:
    dispute_id = control.post("/disputes", json={"charge": "ch_platform"}).json()["id"]
    close = f"/disputes/{dispute_id}/close"
    assert control.post(close, json={"status": "lost"}).json()["status"] == "lost"

    assert control.post(close, json={"status": "won"}).status_code == 409
    assert control.post("/disputes", json={"charge": "ch_platform"}).status_code == 409
    assert control.post("/disputes", json={"charge": "ch_nowhere"}).status_code == 404
    assert request_refund(api, charge="ch_platform").json()["error"]["code"] == "charge_disputed"


def test_dispute_fails_pending_refunds(client: stripe.StripeClient, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "pending"})
    refund = client.v1.refunds.create({"charge": "ch_platform", "amount": 100})

    dispute = control.post("/disputes", json={"charge": "ch_platform"}).json()

    assert dispute["amount"] == 9900
    failed = client.v1.refunds.retrieve(refund.id)
    assert failed.failure_reason == "charge_for_pending_refund_disputed"
