"""The deployed function reconciles on its schedule's input and its queue, under its own role."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clock import rfc3339, utc_now
from tests.e2e.payday import transfer_gone
from tests.e2e.reconciling import reconcile_now
from tests.e2e.world import DeployedStack, until
from tests.operate import failure_of, operate, use_local_stack
from tests.stripe_standin import stripe_schema

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def studio_id(world: DeployedStack) -> Iterator[str]:
    """A studio with a payout of two hours ago whose transfer Stripe does not have."""
    with transfer_gone(world) as studio_id:
        yield studio_id


@pytest.fixture(scope="module")
def answer(world: DeployedStack, studio_id: str) -> dict[str, Any]:
    assert studio_id
    return reconcile_now(world, utc_now() - timedelta(hours=3))


def test_the_schedules_input_announces_what_is_due_and_workers_reconcile_it(
    world: DeployedStack,
) -> None:
    def nothing_is_due() -> bool | None:
        done = world.invoke("reconcile", {"due_only": True})
        # Tests beside this one make Stripe fail at times; then the account is due still.
        return (done["complete"] and not done["announced"]) or None

    until(nothing_is_due, "all accounts reconciled", seconds=120)


def test_a_difference_is_answered_logged_and_counted(
    world: DeployedStack, studio_id: str, answer: dict[str, Any]
) -> None:
    found = next(each for each in answer["findings"] if each.get("studio_id") == studio_id)
    assert (found["kind"], found["healed"]) == ("transfer_not_at_stripe", False)
    assert (found["amount"], found["currency"]) == (8180, "usd")

    def counted() -> bool | None:
        lines = world.log_lines("reconcile")
        logged = any(line.get("finding") == found for line in lines)
        metrics = [line for line in lines if "ReconcileFinding" in line]
        return (
            logged and any("Reconcile_transfer_not_at_stripe" in line for line in metrics)
        ) or None

    until(counted, "difference logged and counted")


@pytest.mark.usefixtures("answer")
def test_the_operation_shows_it_and_exits_1(
    world: DeployedStack, studio_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_local_stack(world.stack, tmp_path, monkeypatch)
    since = rfc3339(utc_now() - timedelta(hours=3))
    result = operate("reconcile", "--since", since)
    assert result.exit_code == 1
    assert "transfer_not_at_stripe" in result.stdout
    assert studio_id in result.stdout
    found = json.loads(operate("reconcile", "--since", since, "--json").stdout)["findings"]
    assert "transfer_not_at_stripe" in {each["kind"] for each in found}


def test_the_operation_proves_the_books_and_its_equation_holds(
    world: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_local_stack(world.stack, tmp_path, monkeypatch)
    # Other tests' ledgers have entries of which Stripe knows nothing: the books begin after them.
    begin = rfc3339(utc_now())
    proof = json.loads(operate("books", "prove", "--begin", begin, "--json").stdout)
    for each in proof["currencies"]:
        parts = each["owed_amount"], each["in_transit_amount"], each["difference_amount"]
        assert each["stripe_amount"] == sum(parts) + sum(each["own"].values())
    shown = operate("books", "prove")
    assert "Stripe's balance" in shown.stdout
    assert "= owed to studios" in shown.stdout
    refused = operate("books", "accept", "charge:none", "--by", "op_1", "--why", "a test")
    assert "nothing is open about charge:none" in failure_of(refused)


@stripe_schema.needs_spec
@pytest.mark.usefixtures("answer")
def test_what_it_asks_of_stripe_conforms(world: DeployedStack) -> None:
    asked = [each for each in world.stripe_requests("created") if "created" in each["params"]]
    assert {each["path"] for each in asked} >= {
        "/v1/refunds",
        "/v1/balance_transactions",
        "/v1/transfers",
    }
    for request in asked:
        stripe_schema.validate_request(request["method"], request["path"], request["params"])
