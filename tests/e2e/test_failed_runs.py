"""A scheduled run that fails is not repeated, and operators see it."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.stack import Stack
from tests.e2e.world import until
from tests.operate import operate, use_local_stack

pytestmark = pytest.mark.stack


def failed_runs(*arguments: str) -> list[dict[str, Any]]:
    result = operate("failed-runs", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


# Events that no schedule sends, so that each function fails as it would at a bug.
BROKEN: dict[str, object] = {
    "reconcile": {"books": {"until": "not a time"}},
    "anchor_ledger": {"restored_because": "of no studios"},
    "run_payouts": {"action": "nothing"},
}


@pytest.mark.parametrize("function", BROKEN)
def test_a_run_that_fails_is_reported_once_and_cleared(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    use_local_stack(stack, tmp_path, monkeypatch)
    name = stack.functions[function]
    event = json.dumps(BROKEN[function]).encode()
    stack.aws.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=event)

    def reported() -> list[dict[str, Any]] | None:
        return [run for run in failed_runs() if run["function"] == name] or None

    (run,) = until(reported, f"the failed run of {function}")
    assert run["condition"] == "RetriesExhausted"
    assert any(each["function"] == name for each in failed_runs("--clear"))
    assert not any(each["function"] == name for each in failed_runs())
