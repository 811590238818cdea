"""`operate smoke` refunds $100.00, again and again, and notices what does not work."""

from pathlib import Path

import pytest

from tests.e2e.world import DeployedStack
from tests.operate import failure_of, operate, outputs_of, use_local_stack

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def local_stack(world: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_local_stack(world.stack, tmp_path, monkeypatch)


def test_a_hundred_dollars_are_refunded_each_time(world: DeployedStack) -> None:
    for _ in range(2):
        result = operate("smoke")
        assert result.exit_code == 0, result.output
        assert "share reversed 1500, Stripe's fee kept 320, deduction -8500" in result.stdout
    cognito, pool = world.stack.aws.cognito, outputs_of(world.stack)["UserPoolId"]
    users = cognito.list_users(UserPoolId=pool, Filter='username ^= "smoke-"')["Users"]
    assert users == [], "the users are deleted"


def test_a_stack_without_webhooks_fails(world: DeployedStack) -> None:
    with world.webhooks_held():
        result = operate("smoke", "--within", "8")
    assert result.exit_code == 1
    assert "Not within 8 s: Stripe's webhook and the settlement of rf_" in result.stderr


def test_a_stack_with_a_live_key_is_refused(
    world: DeployedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_live_never")
    outputs = outputs_of(world.stack) | {"StripeLivemode": "true"}
    monkeypatch.setattr("infra.operate.stack.OperatedStack.output", lambda _, name: outputs[name])
    assert "Smoke tests run in test mode only" in failure_of(operate("smoke"))
