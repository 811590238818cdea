"""Runs the operator command in this process."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra.local.deployment import STACK_NAME
from infra.local.options import DEMO_ORDERS, DEMO_STUDIOS
from infra.local.stack import STACK_FILE, Stack
from infra.operate import stack as operated
from infra.operate.command import app

# A complete call of each operation. None changes anything if its stack is not found.
OPERATIONS: tuple[tuple[str, ...], ...] = (
    ("stop", "refunds", "--by", "op_1", "--why", "test"),
    ("start", "payouts", "--studio", "st_1", "--by", "op_1", "--why", "test"),
    ("stops",),
    ("alarms",),
    ("import", "studios", str(DEMO_STUDIOS)),
    ("import", "orders", str(DEMO_ORDERS)),
    ("dead-letters", "show"),
    ("dead-letters", "fix", "message", "--set", "refund_id=rf_1"),
    ("dead-letters", "redrive", "--all", "--by", "op_1"),
    ("dead-letters", "discard", "message", "--by", "op_1", "--why", "test"),
    ("failed-runs",),
    ("mail-domain", "add", "--studio", "st_1"),
    ("mail-domain", "show", "--studio", "st_1"),
    ("smoke",),
    ("reconcile",),
    ("foreign", "list"),
    ("foreign", "acknowledge", "re_1", "--by", "op_1", "--why", "test"),
    ("books", "prove"),
    ("books", "accept", "charge:ch_1", "--by", "op_1", "--why", "test"),
    ("resume",),
    ("verify-ledger",),
    ("payouts", "run"),
    ("payouts", "now", "st_1", "--by", "op_1", "--why", "test"),
    ("payouts", "release", "st_1", "--by", "op_1", "--why", "test"),
    ("adjustments", "list"),
    (
        *("adjustments", "propose", "--studio", "st_1", "--amount", "-100"),
        *("--reason", "test", "--by", "op_1"),
    ),
    ("adjustments", "approve", "adj_1", "--studio", "st_1", "--by", "op_2"),
    ("adjustments", "reject", "adj_1", "--studio", "st_1", "--by", "op_2"),
    ("anchors", "now"),
    ("anchors", "show"),
    ("migrate", "list"),
    ("migrate", "run", "search-words", "--by", "op_1"),
    ("erase", "--studio", "st_1", "--order", "ord_1", "--by", "op_1", "--why", "test"),
    ("erase", "--studio", "st_1", "--user", "user_1", "--by", "op_1", "--why", "test"),
    ("personal-data", "--studio", "st_1", "--order", "ord_1"),
    ("personal-data", "--studio", "st_1", "--user", "user_1"),
    ("restore", "stop"),
    ("restore", "tables", "--to", "2026-11-25T09:00:00Z"),
    ("restore", "replay", "--since", "2026-11-25T09:00:00Z"),
    ("restore", "start", "--by", "op_1", "--why", "test"),
    ("audit", "--since", "2026-11-25T09:00:00Z"),
    ("users", "list", "--studio", "st_1"),
    (
        *("users", "invite", "--studio", "st_1", "--email", "dana@mail.example"),
        *("--name", "Dana", "--role", "staff", "--by", "op_1"),
    ),
    (
        *("users", "change-role", "user_1", "--studio", "st_1"),
        *("--role", "owner", "--by", "op_1"),
    ),
    ("users", "disable", "user_1", "--studio", "st_1", "--by", "op_1"),
    ("users", "enable", "user_1", "--studio", "st_1", "--by", "op_1"),
    ("users", "remove", "user_1", "--studio", "st_1", "--by", "op_1"),
    ("users", "adopt", "--by", "op_1"),
    ("stripe", "check"),
    ("stripe", "set-up"),
    ("stripe", "store-key", "refunds", "transfers"),
    ("stripe", "roll", "platform"),
    ("stripe", "roll", "connect", "--end"),
)


def operate(*arguments: str) -> Result:
    """Run an operation and return its result."""
    return CliRunner().invoke(app, list(arguments))


def failure_of(result: Result) -> str:
    """Return the one line that a failed operation printed."""
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit), "no traceback"
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def outputs_of(stack: Stack) -> dict[str, str]:
    """Return the outputs of the test run's stack."""
    (deployed,) = stack.aws.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in deployed["Outputs"]}


def use_local_stack(stack: Stack, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make operations without ``--stack`` find the test run's stack."""
    (directory / STACK_FILE).write_text(json.dumps(stack.description()))
    monkeypatch.setattr(operated, "LOCAL", directory)


def use_environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``--stack NAME`` use the local engine in place of AWS."""
    for name, value in stack.aws.environment.items():
        monkeypatch.setenv(name, value)


@contextmanager
def stack_with_outputs(stack: Stack, outputs: Mapping[str, str]) -> Iterator[str]:
    """Deploy a stack that has only outputs, and yield its name."""
    cloudformation = stack.aws.cloudformation
    template = {
        "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    name = f"operated-{uuid.uuid4().hex[:10]}"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1}
    )
    try:
        yield name
    finally:
        cloudformation.delete_stack(StackName=name)
