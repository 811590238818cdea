"""The command ``operate audit``: which lines of the logs it shows."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from infra.operate import audit as command
from infra.operate.stack import OperatedStack
from tests.operate import operate

SINCE = "2026-11-30T09:00:00Z"
START_MS = int(datetime(2026, 11, 30, 9, tzinfo=UTC).timestamp() * 1000)
SIGNED_IN = {"audit": "signed_in", "user": "owner", "studio_id": "st_1", "service": "sign_in"}
READ = {
    "audit": "studio_read_by_pps",
    "user": "pps",
    "studio_id": "st_2",
    "service": "find_orders",
    "route": "/orders",
    "method": "GET",
    "xray_trace_id": "1-2",
}
LOGS = {
    "/log/a": [(2000, json.dumps(READ)), (2500, "START RequestId: 1"), (2600, '["audit"]')],
    "/log/b": [(1000, json.dumps(SIGNED_IN)), (3000, json.dumps({"message": "audit"}))],
}


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A stack of two functions. Returns what was asked of the logs."""
    asked: list[dict[str, Any]] = []

    def pages(**request: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # boto3's parameters
        asked.append(request)
        return [
            {"events": [{"timestamp": START_MS + at, "message": message}]}
            for at, message in LOGS[request["logGroupName"]]
        ]

    aws: Any = SimpleNamespace(
        lambda_=SimpleNamespace(
            get_function_configuration=lambda FunctionName: {  # noqa: N803  # AWS's name
                "LoggingConfig": {"LogGroup": f"/log/{FunctionName}"}
            }
        ),
        logs=SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=pages)),
    )
    outputs = {"AFunctionName": "a", "BFunctionName": "b"}
    monkeypatch.setattr(command, "find_stack", lambda _: OperatedStack("pps", aws, outputs))
    return asked


def shown(*arguments: str) -> list[dict[str, Any]]:
    result = operate("audit", "--since", SINCE, *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_records_of_all_functions_are_shown_by_time_and_nothing_else_of_the_logs() -> None:
    assert [(each["at"], each["audit"]) for each in shown()] == [
        ("2026-11-30T09:00:01.000Z", "signed_in"),
        ("2026-11-30T09:00:02.000Z", "studio_read_by_pps"),
    ]
    assert "xray_trace_id" not in json.dumps(shown())


@pytest.mark.parametrize("choice", [("--user", "pps"), ("--studio", "st_2")])
def test_records_of_one_user_or_studio_are_shown(choice: tuple[str, str]) -> None:
    assert [each["audit"] for each in shown(*choice)] == ["studio_read_by_pps"]


def test_only_the_time_that_was_asked_for_is_searched(stack: list[dict[str, Any]]) -> None:
    until = "2026-11-30T10:00:00Z"
    shown("--until", until)
    assert {(each["startTime"], each["endTime"]) for each in stack} == {
        (START_MS, START_MS + 3_600_000)
    }


def test_a_time_without_records_says_so() -> None:
    result = operate("audit", "--since", SINCE, "--user", "nobody")
    assert (result.exit_code, result.stdout.strip()) == (
        0,
        "The audit log has nothing of that time.",
    )
