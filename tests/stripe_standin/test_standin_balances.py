"""Balances add up, whatever is refunded, fails and is canceled, in any order."""

from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stripe_standin.seeds import CONNECTED_ACCOUNT, DIRECT_CHARGE

# The amounts of DIRECT_CHARGE.
AMOUNT, FEE, APPLICATION_FEE = 10_000, 320, 1_500
ENDINGS = ["succeeded", "failed", "canceled", None]

refund_plans = st.tuples(
    st.sampled_from([None, "pending", "insufficient_funds", "requires_action"]),
    st.integers(min_value=1, max_value=6_000),
    st.booleans(),
    st.sampled_from(ENDINGS),
)


def net(api: httpx.Client, **headers: str) -> int:
    """Return the sum of an account's balance transactions."""
    page: dict[str, Any] = api.get(
        "/v1/balance_transactions", params={"limit": "100"}, headers=headers
    ).json()
    assert not page["has_more"]
    return sum(transaction["net"] for transaction in page["data"])


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(plans=st.lists(refund_plans, max_size=8))
def test_balances_add_up_after_any_refunds(
    api: httpx.Client,
    control: httpx.Client,
    plans: list[tuple[str | None, int, bool, str | None]],
) -> None:
    control.delete("/state").raise_for_status()
    control.post("/charges", json={"charges": [DIRECT_CHARGE]}).raise_for_status()
    on_account = {"Stripe-Account": CONNECTED_ACCOUNT}

    for fault, amount, with_fee, ending in plans:
        control.delete("/faults")
        if fault is not None:
            control.post("/faults", json={"fault": fault}).raise_for_status()
        params = {
            "charge": "ch_1",
            "amount": str(amount),
            "refund_application_fee": "true" if with_fee else "false",
        }
        refund = api.post("/v1/refunds", data=params, headers=on_account)
        if refund.is_success and ending is not None:
            control.post(f"/refunds/{refund.json()['id']}", json={"status": ending})

    refunds = api.get("/v1/refunds", params={"limit": "100"}, headers=on_account).json()["data"]
    effective = [refund for refund in refunds if refund["status"] not in {"failed", "canceled"}]
    unpaid = [r for r in effective if r.get("pending_reason") == "insufficient_funds"]
    charge_now = api.get("/v1/charges/ch_1", headers=on_account).json()
    fee_refunded = api.get("/v1/application_fees/fee_1").json()["amount_refunded"]
    assert charge_now["amount_refunded"] == sum(refund["amount"] for refund in effective) <= AMOUNT
    assert 0 <= fee_refunded <= APPLICATION_FEE
    debited = sum(refund["amount"] for refund in effective) - sum(r["amount"] for r in unpaid)
    assert net(api, **on_account) == AMOUNT - FEE - APPLICATION_FEE - debited + fee_refunded
    assert net(api) == APPLICATION_FEE - fee_refunded


def test_amount_of_a_balance_transaction_can_be_changed(
    api: httpx.Client, control: httpx.Client
) -> None:
    charge = {"id": "ch_1", "payment_intent": None, "amount": 500, "currency": "usd", "fee": 45}
    control.post("/charges", json={"charges": [charge]}).raise_for_status()
    refund = api.post("/v1/refunds", data={"charge": "ch_1", "amount": "200"}).json()
    id_ = refund["balance_transaction"]

    changed = control.post(f"/balance_transactions/{id_}", json={"amount": -199})

    assert (changed.status_code, changed.json()["amount"]) == (200, -199)
    moved = {"type": "refund", "expand[]": "data.source"}
    (found,) = api.get("/v1/balance_transactions", params=moved).json()["data"]
    assert (found["amount"], found["source"]["amount"]) == (-199, 200)
    unknown = control.post("/balance_transactions/txn_none", json={"amount": 1})
    assert unknown.status_code == 404


def test_balance_transaction_can_be_moved_to_another_time(
    api: httpx.Client, control: httpx.Client
) -> None:
    charge = {"id": "ch_1", "payment_intent": None, "amount": 500, "currency": "usd", "fee": 45}
    control.post("/charges", json={"charges": [charge]}).raise_for_status()
    refund = api.post("/v1/refunds", data={"charge": "ch_1", "amount": "200"}).json()
    earlier = refund["created"] - 7200

    changed = control.post(
        f"/balance_transactions/{refund['balance_transaction']}", json={"created": earlier}
    )

    assert (changed.json()["created"], changed.json()["amount"]) == (earlier, -200)
    until_now = {"type": "refund", "created[lt]": refund["created"]}
    assert len(api.get("/v1/balance_transactions", params=until_now).json()["data"]) == 1


def test_balance_transactions_of_a_period_expand_their_source(
    api: httpx.Client, control: httpx.Client
) -> None:
    control.post("/charges", json={"charges": [DIRECT_CHARGE]}).raise_for_status()
    now = control.get("/clock").json()["now"]
    for amount in ("100", "200"):
        api.post("/v1/application_fees/fee_1/refunds", data={"amount": amount})
        control.post("/clock", json={"advance_s": 3600})

    def listed(**created: str) -> list[tuple[int, int]]:
        params = {"type": "application_fee_refund", "expand[]": "data.source.fee"}
        times = {f"created[{name}]": value for name, value in created.items()}
        data = api.get("/v1/balance_transactions", params=params | times).json()["data"]
        return [(each["amount"], each["source"]["fee"]["amount_refunded"]) for each in data]

    assert listed(gte=str(now)) == [(-200, 300), (-100, 300)]
    assert listed(gte=str(now), lt=str(now + 1800)) == [(-100, 300)]
    assert listed(lt=str(now)) == []
