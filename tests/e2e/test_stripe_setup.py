"""``operate stripe`` on the deployed stack and its stand-in."""

import json
from pathlib import Path

import pytest

from tests.e2e.world import DeployedStack
from tests.operate import operate, use_local_stack

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def local_stack(world: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRIPE_API_KEY", raising=False)
    use_local_stack(world.stack, tmp_path, monkeypatch)


def test_the_check_finds_nothing_wrong_and_set_up_nothing_to_do() -> None:
    checked = operate("stripe", "check", "--json")
    assert checked.exit_code == 0, checked.output
    found = {each["what"]: each["found"] for each in json.loads(checked.stdout)}
    for purpose in ("refunds", "fee-refunds", "transfers", "reads"):
        assert found[f"key for {purpose}"] == "a restricted key of the stack's mode"
    assert "is set up" in operate("stripe", "set-up", "--dry-run").stdout


def test_an_operators_key_of_the_other_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_live_x")
    refused = operate("stripe", "check")
    assert "The API key is of Stripe's live mode" in refused.stderr
