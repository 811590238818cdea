"""Balances add up, whatever is refunded, fails and is canceled, in any order."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Step:
    """One thing that happens to one of the charges. Stripe may refuse it."""

    charge: str
    path: str
    body: dict[str, Any]


CHARGES = {"ch_paid": "paid", "ch_debit": "pending", "ch_hold": "uncaptured"}
amounts = st.integers(min_value=1, max_value=AMOUNT)
statuses = ["under_review", "won", "lost", "prevented", "warning_closed", "needs_response"]
openings = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["needs_response", "warning_needs_response"]),
        "fee": st.sampled_from([0, 1500]),
    },
    optional={"amount": amounts},
)
moves = st.fixed_dictionaries({"status": st.sampled_from(statuses), "return_fee": st.booleans()})
steps = st.builds(
    Step, st.sampled_from([*CHARGES]), st.just("refund"), st.fixed_dictionaries({"amount": amounts})
)
steps |= st.builds(Step, st.sampled_from([*CHARGES]), st.just("open"), openings)
steps |= st.builds(Step, st.sampled_from([*CHARGES]), st.just("move"), moves)
steps |= st.builds(
    Step,
    st.sampled_from([*CHARGES]),
    st.just("charge"),
    st.fixed_dictionaries(
        {"state": st.sampled_from(["paid", "failed", "expired"])},
        optional={"amount_captured": amounts},
    ),
)


def perform(api: httpx.Client, control: httpx.Client, step: Step) -> None:
    """Try a step. A refund or a move that Stripe refuses changes nothing."""
    match step.path:
        case "refund":
            form = {"charge": step.charge, "amount": str(step.body["amount"])}
            api.post("/v1/refunds", data=form)
        case "open":
            control.post("/disputes", json={"charge": step.charge} | step.body)
        case "charge":
            control.post(f"/charges/{step.charge}", json=step.body)
        case "move":
            params = {"charge": step.charge, "limit": "100"}
            for dispute in api.get("/v1/disputes", params=params).json()["data"]:
                control.post(f"/disputes/{dispute['id']}", json=step.body)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(plan=st.lists(steps, max_size=12))
def test_balance_is_what_charges_refunds_and_disputes_left(
    api: httpx.Client, control: httpx.Client, plan: list[Step]
) -> None:
    control.delete("/state").raise_for_status()
    seeds = [
        {"id": id_, "payment_intent": None, "amount": AMOUNT, "currency": "usd", "fee": FEE}
        | {"state": state}
        for id_, state in CHARGES.items()
    ]
    control.post("/charges", json={"charges": seeds}).raise_for_status()

    for step in plan:
        perform(api, control, step)

    expected = 0
    for id_ in CHARGES:
        charge = api.get(f"/v1/charges/{id_}").json()
        params = {"charge": id_, "limit": "100"}
        refunds = api.get("/v1/refunds", params=params).json()["data"]
        disputes = api.get("/v1/disputes", params=params).json()["data"]
        paid_back = sum(each["amount"] for each in refunds if each["balance_transaction"])
        collected = charge["balance_transaction"] is not None
        expected += charge["amount_captured"] - FEE if collected else 0
        expected -= paid_back
        for dispute in disputes:
            moved = [each["amount"] for each in dispute["balance_transactions"]]
            assert sum(moved) == (0 if dispute["is_charge_refundable"] else -dispute["amount"])
            expected += sum(each["net"] for each in dispute["balance_transactions"])
        assert paid_back <= charge["amount_captured"] <= charge["amount"]
        assert charge["amount_refunded"] == sum(each["amount"] for each in refunds)
    body = api.get("/v1/balance").json()
    assert sum(each["amount"] for each in body["available"] + body["pending"]) == expected
    assert net(api) == expected


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


def test_a_balance_can_be_moved_without_another_object(
    api: httpx.Client, control: httpx.Client
) -> None:
    body = {"type": "payout", "amount": -700, "currency": "usd", "source": "po_1", "fee": 25}

    made = control.post("/balance_transactions", json=body)

    assert (made.status_code, made.json()["net"], made.json()["type"]) == (200, -725, "payout")
    expanded = {"source": "po_1", "expand[]": "data.source"}
    (found,) = api.get("/v1/balance_transactions", params=expanded).json()["data"]
    assert (found["id"], found["source"]) == (made.json()["id"], "po_1")
    balance = api.get("/v1/balance").json()
    assert sum(each["amount"] for each in balance["available"] + balance["pending"]) == -725
    wrong = control.post("/balance_transactions", json=body | {"currency": "dollars"})
    assert wrong.status_code == 400


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
