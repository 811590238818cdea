"""Connected accounts that leave, are closed, come back or change."""

from typing import Any

import httpx
import pytest

from tests.stripe_standin.seeds import CONNECTED_ACCOUNT

pytestmark = pytest.mark.usefixtures("seeded")

ON_ACCOUNT = {"Stripe-Account": CONNECTED_ACCOUNT}
TRANSFER = {"amount": "100", "currency": "usd", "destination": CONNECTED_ACCOUNT}


def change(control: httpx.Client, **body: object) -> dict[str, Any]:
    response = control.post(f"/accounts/{CONNECTED_ACCOUNT}", json=body)
    changed: dict[str, Any] = response.raise_for_status().json()
    return changed


def account_events(api: httpx.Client) -> list[dict[str, Any]]:
    """Return the events of the connected account, oldest first. It has to be connected."""
    events: list[dict[str, Any]] = api.get("/v1/events", headers=ON_ACCOUNT).json()["data"]
    return events[::-1]


@pytest.mark.parametrize("access", ["deauthorized", "closed"])
def test_account_that_left_is_refused_until_it_comes_back(
    api: httpx.Client, control: httpx.Client, access: str
) -> None:
    key = {"Idempotency-Key": "k"}
    refund = {"charge": "ch_direct", "amount": "100"}
    made = api.post("/v1/refunds", data=refund, headers=ON_ACCOUNT | key).json()

    assert change(control, access=access)["access"] == access

    for response in (
        api.get("/v1/charges/ch_direct", headers=ON_ACCOUNT),
        api.get("/v1/events", headers=ON_ACCOUNT),
        api.post("/v1/refunds", data=refund, headers=ON_ACCOUNT | key),
        api.get(f"/v1/accounts/{CONNECTED_ACCOUNT}"),
    ):
        error = response.json()["error"]
        assert response.status_code == 403
        assert (error["type"], error["code"]) == ("invalid_request_error", "account_invalid")
    assert api.get("/v1/charges/ch_platform").status_code == 200
    other = {"Stripe-Account": "acct_other"}
    assert api.get("/v1/charges", headers=other).status_code == 200

    change(control, access="connected")

    again = api.post("/v1/refunds", data=refund, headers=ON_ACCOUNT | key)
    assert again.json()["id"] == made["id"]
    ours = [each for each in account_events(api) if each["type"].startswith("account.")]
    assert [each["type"] for each in ours] == [
        "account.application.deauthorized",
        "account.application.authorized",
    ]
    assert ours[0]["account"] == CONNECTED_ACCOUNT
    assert ours[0]["data"]["object"]["object"] == "application"


def test_deauthorization_is_the_last_event_that_the_platform_hears(
    api: httpx.Client, control: httpx.Client
) -> None:
    control.post("/webhooks", json={"mode": "hold"})
    endpoint = {"url": "https://x.example", "enabled_events[]": "*", "connect": "true"}
    api.post("/v1/webhook_endpoints", data=endpoint)

    change(control, access="deauthorized")
    control.post("/disputes", json={"charge": "ch_direct"}).raise_for_status()
    queue = control.get("/webhooks").json()["queue"]
    assert [each["type"] for each in queue] == ["account.application.deauthorized"]

    change(control, access="connected")
    queue = control.get("/webhooks").json()["queue"]
    assert [each["type"] for each in queue][1:] == ["account.application.authorized"]


@pytest.mark.parametrize(
    ("access", "code"), [("closed", "account_invalid"), ("deauthorized", "resource_missing")]
)
def test_account_that_left_receives_no_transfer(
    api: httpx.Client, control: httpx.Client, access: str, code: str
) -> None:
    change(control, access=access)

    refused = api.post("/v1/transfers", data=TRANSFER)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)
    assert api.get("/v1/transfers").json()["data"] == []
    change(control, access="connected")
    assert api.post("/v1/transfers", data=TRANSFER).status_code == 200


def test_account_can_change(api: httpx.Client, control: httpx.Client) -> None:
    change(control, payouts_enabled=False, disabled_reason="requirements.past_due")

    shown = api.get(f"/v1/accounts/{CONNECTED_ACCOUNT}").json()
    assert (shown["charges_enabled"], shown["payouts_enabled"]) == (True, False)
    (event,) = account_events(api)
    assert event["type"] == "account.updated"
    assert event["data"]["object"]["requirements"]["disabled_reason"] == "requirements.past_due"
    assert event["data"]["previous_attributes"] == {
        "payouts_enabled": True,
        "requirements": {"disabled_reason": None},
    }
    change(control, payouts_enabled=True)
    restored = account_events(api)[-1]["data"]["object"]
    assert restored["requirements"]["disabled_reason"] is None


def test_account_can_leave_silently(api: httpx.Client, control: httpx.Client) -> None:
    change(control, access="deauthorized", silent=True)
    assert api.get("/v1/charges", headers=ON_ACCOUNT).status_code == 403

    change(control, access="connected", silent=True)

    assert account_events(api) == []


def test_wrong_account_commands_are_refused(control: httpx.Client) -> None:
    path = f"/accounts/{CONNECTED_ACCOUNT}"
    assert control.post(path, json={"access": "connected"}).status_code == 409
    assert control.post(path, json={"access": "gone"}).status_code == 400
    assert control.post("/accounts/someone", json={"access": "closed"}).status_code == 404
