"""The command ``operate audit``: which lines of the logs and which erasures it shows."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from infra.operate import audit as command
from infra.operate.erasing.records import Erasure, UserKey, _item
from infra.operate.stack import OperatedStack
from shared.domain.order import OrderKey
from tests.operate import operate

SINCE = "2026-11-30T09:00:00Z"
END = "2026-11-30T11:00:00Z"
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
ERASURES = [
    Erasure(whom, "op_1", "asked", chosen_by, f"2026-11-30T{at}.000Z")
    for whom, chosen_by, at in (
        (UserKey("st_1", "user_1"), "user", "09:00:03"),
        (OrderKey("st_1", "ord_1"), "email", "10:30:00"),
        (OrderKey("st_1", "ord_0"), "email", "08:59:59"),
    )
]


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
    outputs = {"AFunctionName": "a", "BFunctionName": "b", "ErasuresTableName": "erasures"}
    stored = [{"Items": [_item(each)]} for each in ERASURES]  # one a page
    scan = SimpleNamespace(paginate=lambda **_: stored)
    aws.dynamodb = SimpleNamespace(get_paginator=lambda _: scan)
    monkeypatch.setattr(command, "find_stack", lambda _: OperatedStack("pps", aws, outputs))
    return asked


def shown(*arguments: str) -> list[dict[str, Any]]:
    result = operate("audit", "--since", SINCE, *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_records_of_all_functions_are_shown_by_time_and_nothing_else_of_the_logs() -> None:
    assert [(each["at"], each["audit"]) for each in shown("--until", END)] == [
        ("2026-11-30T09:00:01.000Z", "signed_in"),
        ("2026-11-30T09:00:02.000Z", "studio_read_by_pps"),
        ("2026-11-30T09:00:03.000Z", "erased"),
        ("2026-11-30T10:30:00.000Z", "erased"),
    ]
    assert "xray_trace_id" not in json.dumps(shown())


def test_an_erasure_of_that_time_says_who_erased_whom_and_why_without_a_name() -> None:
    (user,) = shown("--user", "op_1", "--until", "2026-11-30T10:00:00Z")
    assert {name: value for name, value in user.items() if value is not None} == {
        "at": "2026-11-30T09:00:03.000Z",
        "audit": "erased",
        "user": "op_1",
        "studio_id": "st_1",
        "changed_user": "user_1",
        "chosen_by": "user",
        "why": "asked",
    }
    order = shown("--user", "op_1", "--until", END)[-1]
    assert (order["order_id"], order["changed_user"]) == ("ord_1", None)


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
