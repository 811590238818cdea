"""Operations on the deployed stack, found as ``make operate`` finds the local one."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.payday import studio_with_a_sale
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack
from tests.operate import operate, use_local_stack

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def local_stack(world: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_local_stack(world.stack, tmp_path, monkeypatch)


def answer_of(*arguments: str) -> Any:  # noqa: ANN401  # JSON
    result = operate(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_resume_completes_a_refund_whose_webhook_is_late(world: DeployedStack) -> None:
    with world.webhooks_held():
        refund = world.refund(world.sell(), {"type": "full"})
        assert world.read(refund)["status"] == "pending"
        assert answer_of("resume")["announced"] >= 1
        world.await_status(refund, "settled")


def test_a_ledger_is_anchored_now_and_shown(world: DeployedStack) -> None:
    world.sell()
    done = answer_of("anchors", "now", "--studio", PLATFORM_STUDIO)
    assert done in ({"LedgerAnchored": 1}, {"LedgerAnchoredToday": 1})
    shown = answer_of("anchors", "show", "--studio", PLATFORM_STUDIO)
    assert {each["studio_id"] for each in shown} == {PLATFORM_STUDIO}
    (verdict,) = answer_of("verify-ledger", "--studio", PLATFORM_STUDIO)
    assert (verdict["sound"], verdict["anchored_to_entry"] is None) == (True, False)


def test_a_studio_that_cannot_be_anchored_prints_one_line() -> None:
    nowhere = f"st_{uuid.uuid4().hex[:10]}"
    result = operate("anchors", "now", "--studio", nowhere)
    assert result.exit_code == 1
    assert "Ledgers not anchored: 1" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.output


def test_a_studio_is_paid_now_and_a_hold_is_released(world: DeployedStack) -> None:
    who = ("--by", "ops", "--why", "test")
    studio_id = studio_with_a_sale(world)
    paid = answer_of("payouts", "now", studio_id, *who)
    assert paid["outcome"] == "PayoutPaid"
    assert paid["payout_id"].startswith(f"po_{studio_id}_")
    again = operate("payouts", "now", studio_id, *who)
    assert again.exit_code == 1
    assert "PPS owes it nothing" in again.stderr.splitlines()[-1]

    closed = studio_with_a_sale(world, payout_account_id="closed_account")
    assert operate("payouts", "now", closed, *who).exit_code == 1
    on_hold = operate("payouts", "now", closed, *who)
    assert "Release them first" in on_hold.stderr.splitlines()[-1]
    assert answer_of("payouts", "release", closed, *who)["outcome"] == "PayoutsReleased"
