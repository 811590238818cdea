"""Restricted keys: what they may do, and what is refused."""

import httpx
import pytest

from tests.stripe_standin.seeds import CONNECTED_ACCOUNT

pytestmark = pytest.mark.usefixtures("seeded")

KEY = "rk_test_reader"
PERMISSIONS = {
    "own": ["rak_charge_write", "rak_balance_transaction_source_read"],
    "connect": ["rak_charge_read"],
}


@pytest.fixture(autouse=True)
def restricted(control: httpx.Client) -> None:
    control.post("/keys", json={"key": KEY, **PERMISSIONS}).raise_for_status()


@pytest.mark.parametrize(
    ("method", "path", "account", "missing"),
    [
        ("GET", "charges/ch_platform", None, None),
        ("GET", "charges/ch_platform?expand[]=balance_transaction", None, None),
        ("GET", "charges/ch_platform?expand[]=application_fee", None, "rak_application_fee_read"),
        ("GET", "charges/ch_direct", CONNECTED_ACCOUNT, None),
        ("GET", "disputes", None, "rak_dispute_read"),
        ("GET", "webhook_endpoints", None, "rak_webhook_read"),
        ("POST", "refunds", None, None),
        ("POST", "refunds", CONNECTED_ACCOUNT, "rak_charge_write"),
        ("POST", "transfers", None, "rak_transfer_write"),
    ],
)
def test_a_restricted_key_may_do_what_it_has_permission_for(  # noqa: PLR0913, PLR0917  # one row
    api: httpx.Client,
    control: httpx.Client,
    method: str,
    path: str,
    account: str | None,
    missing: str | None,
) -> None:
    headers = {"Authorization": f"Bearer {KEY}"} | ({"Stripe-Account": account} if account else {})
    body = {
        "refunds": {"charge": "ch_direct" if account else "ch_platform", "amount": "1"},
        "transfers": {"amount": "1", "currency": "usd", "destination": CONNECTED_ACCOUNT},
    }.get(path)
    answer = api.request(method, f"/v1/{path}", headers=headers, data=body)
    logged = control.get("/requests").json()["requests"][-1]
    assert logged["api_key"] == KEY
    if missing is None:
        assert answer.status_code == 200, answer.text
    else:
        assert answer.status_code == 403
        error = answer.json()["error"]
        assert error["type"] == "invalid_request_error"
        assert f"Having the '{missing}' permission" in error["message"]
        assert missing in logged["permissions"]


def test_a_key_that_was_not_made_is_refused(api: httpx.Client) -> None:
    answer = api.get("/v1/charges", headers={"Authorization": "Bearer rk_test_other"})
    assert answer.status_code == 401
