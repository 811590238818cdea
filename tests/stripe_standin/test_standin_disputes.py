"""Inquiries and disputes: how they move, what they withdraw, and the refunds that they stop."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import stripe

from tests.stripe_standin.actions import balance_movements, event_types, request_refund
from tests.stripe_standin.seeds import CONNECTED_ACCOUNT, ON_CONNECTED_ACCOUNT

pytestmark = pytest.mark.usefixtures("seeded")
OPENED = ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
INQUIRY = {"status": "warning_needs_response"}


def open_dispute(
    control: httpx.Client, charge: str = "ch_platform", **body: object
) -> dict[str, Any]:
    response = control.post("/disputes", json={"charge": charge, **body})
    opened: dict[str, Any] = response.raise_for_status().json()
    return opened


def move(control: httpx.Client, dispute: dict[str, Any], status: str, **body: object) -> None:
    path = f"/disputes/{dispute['id']}"
    control.post(path, json={"status": status, **body}).raise_for_status()


def movements(dispute: stripe.Dispute) -> list[tuple[str, str, int, int, int]]:
    """Return category, type, amount, fee and net of each balance transaction."""
    return [
        (each.reporting_category, each.type, each.amount, each.fee, each.net)
        for each in dispute.balance_transactions
    ]


def balance(api: httpx.Client, **headers: str) -> int:
    """Return what an account has, available and pending."""
    body = api.get("/v1/balance", headers=headers).json()
    return sum(each["amount"] for each in body["available"] + body["pending"])


def test_disputed_charge_cannot_be_refunded(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    dispute_id = open_dispute(control)["id"]

    response = request_refund(api, charge="ch_platform")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "charge_disputed"
    assert client.v1.charges.retrieve("ch_platform").disputed
    dispute = client.v1.disputes.retrieve(dispute_id)
    assert (dispute.amount, dispute.status) == (10000, "needs_response")
    assert not dispute.is_charge_refundable
    assert movements(dispute) == [("dispute", "adjustment", -10000, 1500, -11500)]

    control.post(f"/disputes/{dispute_id}/close", json={"status": "won"}).raise_for_status()
    assert event_types(client) == [
        *OPENED,
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]
    assert api.post("/v1/refunds", data={"charge": "ch_platform"}).status_code == 200


def test_charge_with_a_lost_dispute_stays_unrefundable(
    api: httpx.Client, control: httpx.Client
) -> None:
    dispute_id = open_dispute(control)["id"]
    close = f"/disputes/{dispute_id}/close"
    assert control.post(close, json={"status": "lost"}).json()["status"] == "lost"

    assert control.post(close, json={"status": "lost"}).status_code == 409
    assert control.post("/disputes", json={"charge": "ch_platform"}).status_code == 409
    assert control.post("/disputes", json={"charge": "ch_nowhere"}).status_code == 404
    assert request_refund(api, charge="ch_platform").json()["error"]["code"] == "charge_disputed"


def test_dispute_fails_pending_refunds(client: stripe.StripeClient, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "pending"})
    refund = client.v1.refunds.create({"charge": "ch_platform", "amount": 100})

    dispute = open_dispute(control)

    assert dispute["amount"] == 9900
    failed = client.v1.refunds.retrieve(refund.id)
    assert failed.failure_reason == "charge_for_pending_refund_disputed"


def test_inquiry_takes_nothing_and_lets_refunds_through(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    inquiry = open_dispute(control, **INQUIRY)

    assert (inquiry["is_charge_refundable"], inquiry["balance_transactions"]) == (True, [])
    assert client.v1.charges.retrieve("ch_platform").disputed
    assert request_refund(api, charge="ch_platform").json()["amount"] == 10000
    # Stripe takes nothing more from a charge that is fully refunded.
    escalation = {"status": "needs_response"}
    assert control.post(f"/disputes/{inquiry['id']}", json=escalation).status_code == 409
    move(control, inquiry, "warning_under_review")
    move(control, inquiry, "warning_closed")
    assert [each for each in event_types(client) if "dispute" in each] == [
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
    ]


@pytest.mark.parametrize("earlier", [[], ["warning_under_review"], ["warning_closed"]])
def test_inquiry_can_escalate_even_after_it_was_closed(
    control: httpx.Client, client: stripe.StripeClient, earlier: list[str]
) -> None:
    control.post("/faults", json={"fault": "pending"})
    refund = client.v1.refunds.create({"charge": "ch_platform", "amount": 100})
    inquiry = open_dispute(control, amount=5000, **INQUIRY)
    control.post("/clock", json={"advance_s": 3600})
    for status in earlier:
        move(control, inquiry, status)
    so_far = len(event_types(client))

    move(control, inquiry, "needs_response", fee=2000)

    dispute = client.v1.disputes.retrieve(inquiry["id"])
    assert movements(dispute) == [("dispute", "adjustment", -5000, 2000, -7000)]
    assert dispute.evidence_details.due_by is not None
    assert dispute.evidence_details.due_by >= inquiry["evidence_details"]["due_by"] + 3600
    assert event_types(client)[so_far:][:2] == [
        *("charge.dispute.updated", "charge.dispute.funds_withdrawn"),
    ]
    assert client.v1.refunds.retrieve(refund.id).status == "failed"


@dataclass(frozen=True)
class Ending:
    """How a dispute goes on, and what Stripe then pays back and announces."""

    statuses: list[str]
    events: list[str]
    returned: tuple[str, str, int, int, int] | None = None
    return_fee: bool = False


WITHDRAWAL = ("dispute", "adjustment", -10000, 1500, -11500)
WITHOUT_FEE = ("dispute_reversal", "adjustment", 10000, 0, 10000)
WITH_FEE = ("dispute_reversal", "adjustment", 10000, -1500, 11500)


@pytest.mark.parametrize(
    "ending",
    [
        Ending(["lost"], ["closed"]),
        Ending(["under_review", "lost"], ["updated", "closed"]),
        Ending(["won"], ["funds_reinstated", "closed"], WITHOUT_FEE),
        Ending(["won"], ["funds_reinstated", "closed"], WITH_FEE, return_fee=True),
        Ending(["prevented"], ["funds_reinstated", "closed"], WITHOUT_FEE),
        Ending(["lost", "won"], ["closed", "funds_reinstated", "closed"], WITHOUT_FEE),
    ],
)
def test_dispute_ends_with_its_money_and_events(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient, ending: Ending
) -> None:
    before = balance(api)
    opened = open_dispute(control)

    for status in ending.statuses:
        move(control, opened, status, return_fee=ending.return_fee)

    dispute = client.v1.disputes.retrieve(opened["id"])
    expected = [WITHDRAWAL] if ending.returned is None else [WITHDRAWAL, ending.returned]
    assert (dispute.status, movements(dispute)) == (ending.statuses[-1], expected)
    assert balance(api) == before + sum(each[-1] for each in expected)
    assert event_types(client) == OPENED + [f"charge.dispute.{each}" for each in ending.events]
    refund = request_refund(api, charge="ch_platform")
    assert dispute.is_charge_refundable == refund.is_success == (ending.returned is not None)


def test_one_charge_has_several_disputes(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    first = open_dispute(control, amount=6000, reason="product_not_received")
    second = open_dispute(control)
    assert (first["reason"], second["amount"]) == ("product_not_received", 4000)

    move(control, first, "won")

    assert request_refund(api, charge="ch_platform").json()["error"]["code"] == "charge_disputed"
    move(control, second, "won")
    assert request_refund(api, charge="ch_platform").is_success
    listed = client.v1.disputes.list({"charge": "ch_platform"})
    assert [each.id for each in listed] == [second["id"], first["id"]]


def test_disputes_are_listed_in_pages_by_account_charge_and_time(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    times = (1_700_000_000, 1_700_000_300, 1_700_000_200)
    made = {each: open_dispute(control, amount=1, created=each)["id"] for each in times}
    direct = open_dispute(control, "ch_direct")

    def listed(**params: str) -> list[str]:
        data = api.get("/v1/disputes", params=params).json()["data"]
        return [each["id"] for each in data]

    newest_first = [made[each] for each in sorted(times, reverse=True)]
    assert listed() == listed(payment_intent="pi_platform") == newest_first
    assert listed(**{"created[gte]": "1700000200"}) == newest_first[:2]
    assert listed(limit="1", starting_after=newest_first[0]) == newest_first[1:2]
    pages = client.v1.disputes.list({"limit": 1}).auto_paging_iter()
    assert [each.id for each in pages] == newest_first
    on_account = client.v1.disputes.list({"charge": "ch_direct"}, ON_CONNECTED_ACCOUNT)
    assert [each.id for each in on_account] == [direct["id"]]
    for params in ({"charge": "ch_direct"}, {"payment_intent": "pi_direct"}):
        assert api.get("/v1/disputes", params=params).status_code == 404
    assert api.get(f"/v1/disputes/{direct['id']}").status_code == 404


def test_dispute_of_a_direct_charge_moves_the_connected_balance(
    api: httpx.Client, control: httpx.Client, client: stripe.StripeClient
) -> None:
    dispute = open_dispute(control, "ch_direct")

    assert balance_movements(client, CONNECTED_ACCOUNT) == [
        ("charge", 8180),
        ("adjustment", -11500),
    ]
    assert balance(api, **{"Stripe-Account": CONNECTED_ACCOUNT}) == 8180 - 11500
    params = {"type": "adjustment", "source": dispute["id"], "expand[]": "data.source"}
    headers = {"Stripe-Account": CONNECTED_ACCOUNT}
    page = api.get("/v1/balance_transactions", params=params, headers=headers).json()
    (adjustment,) = page["data"]
    assert adjustment["source"]["status"] == "needs_response"
    assert adjustment["fee_details"][0]["description"] == "Dispute fee"
    events = client.v1.events.list({}, ON_CONNECTED_ACCOUNT)
    assert [each.type for each in events][::-1] == OPENED


def test_silent_disputes_have_no_events(control: httpx.Client, client: stripe.StripeClient) -> None:
    control.post("/faults", json={"fault": "pending"})
    refund = client.v1.refunds.create({"charge": "ch_platform", "amount": 100})
    so_far = event_types(client)

    dispute = open_dispute(control, silent=True)
    move(control, dispute, "lost", silent=True)

    assert event_types(client) == so_far
    assert client.v1.refunds.retrieve(refund.id).status == "failed"
    move(control, dispute, "won")
    assert event_types(client)[len(so_far) :] == [
        *("charge.dispute.funds_reinstated", "charge.dispute.closed"),
    ]


@pytest.mark.parametrize(
    ("opening", "status"),
    [
        ({"amount": 10001}, 409),
        ({"amount": 0}, 400),
        ({"status": "lost"}, 400),
        ({"charge": "ch_pending"}, 409),
        ({"fee": -1}, 400),
    ],
)
def test_impossible_disputes_are_refused(
    api: httpx.Client, control: httpx.Client, opening: dict[str, object], status: int
) -> None:
    pending: dict[str, object] = {"id": "ch_pending", "payment_intent": None, "amount": 1}
    pending |= {"currency": "usd", "fee": 0, "state": "pending"}
    control.post("/charges", json={"charges": [pending]}).raise_for_status()

    response = control.post("/disputes", json={"charge": "ch_platform"} | opening)

    assert response.status_code == status
    assert api.get("/v1/disputes").json()["data"] == []


@pytest.mark.parametrize(
    ("opening", "statuses"),
    [
        ({}, ["warning_closed"]),
        ({}, ["warning_under_review"]),
        ({}, ["won", "lost"]),
        ({}, ["prevented", "won"]),
        ({}, ["lost", "needs_response"]),
        (INQUIRY, ["won"]),
        (INQUIRY, ["lost"]),
        (INQUIRY, ["warning_needs_response"]),
    ],
)
def test_impossible_moves_of_a_dispute_change_nothing(
    api: httpx.Client, control: httpx.Client, opening: dict[str, str], statuses: list[str]
) -> None:
    dispute = open_dispute(control, "ch_platform", **opening)
    for status in statuses[:-1]:
        move(control, dispute, status)
    before = api.get(f"/v1/disputes/{dispute['id']}").json()

    refused = control.post(f"/disputes/{dispute['id']}", json={"status": statuses[-1]})

    assert refused.status_code == 409
    assert api.get(f"/v1/disputes/{dispute['id']}").json() == before


def test_balance_is_pending_for_two_days(api: httpx.Client, control: httpx.Client) -> None:
    open_dispute(control)

    def amounts() -> tuple[int, int]:
        body = api.get("/v1/balance").json()
        return body["available"][0]["amount"], body["pending"][0]["amount"]

    total = 9680 + 1500 - 11500
    assert amounts() == (0, total)
    control.post("/clock", json={"advance_s": 2 * 24 * 3600})
    assert amounts() == (total, 0)
    unused = api.get("/v1/balance", headers={"Stripe-Account": "acct_unused"}).json()
    assert unused["available"][0]["amount"] == 0
