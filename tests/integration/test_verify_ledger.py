"""The command that verifies a ledger, on a real table."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.local.stack import Stack
from infra.operate import verify_ledger
from shared.gateways.records.keys import entry_sk, primary_key, studio_pk
from tests.integration.backend import Backend

pytestmark = pytest.mark.stack


def verify(backend: Backend) -> tuple[int, str | None]:
    verdict = verify_ledger.verify_studio(
        backend.dynamodb, backend.orders_table, backend.ledger_table, backend.studio_id
    )
    return verdict.entries, verdict.problem


def tamper(backend: Backend, seq: int, expression: str, value: int) -> None:
    backend.dynamodb.update_item(
        TableName=backend.ledger_table,
        Key=primary_key(studio_pk(backend.studio_id), entry_sk(seq)),
        UpdateExpression=expression,
        ExpressionAttributeValues={":v": {"N": str(value)}},
    )


def test_a_sound_ledger_and_one_whose_history_was_rewritten(backend: Backend) -> None:
    for _ in range(4):
        backend.sell()
    assert verify(backend) == (4, None)
    tamper(backend, 3, "SET net_amount = :v", 1)
    assert verify(backend) == (2, "entry 3: its hash does not match its content")


def test_an_entry_that_was_taken_away(backend: Backend) -> None:
    for _ in range(3):
        backend.sell()
    key = primary_key(studio_pk(backend.studio_id), entry_sk(2))
    backend.dynamodb.delete_item(TableName=backend.ledger_table, Key=key)
    assert verify(backend) == (1, "entry 2: expected seq 2, found 3")


def test_all_studios_are_found(backend: Backend) -> None:
    backend.sell()
    found = verify_ledger.studios_of(backend.dynamodb, backend.ledger_table)
    assert found == [backend.studio_id]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(verify_ledger.app, list(arguments))
    return result.exit_code, result.output


def test_the_command_names_the_first_entry_that_does_not_fit(
    backend: Backend, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = stack.description() | {
        "tables": {"orders": backend.orders_table, "ledger": backend.ledger_table},
    }
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "stack.json").write_text(json.dumps(described))
    monkeypatch.chdir(tmp_path)
    backend.sell()
    status, output = run("--studio", backend.studio_id)
    assert (status, "sound" in output) == (0, True)
    tamper(backend, 1, "SET gross_amount = :v", 1)
    status, output = run("--studio", backend.studio_id)
    assert (status, "entry 1: its hash does not match" in output) == (1, True)
    assert run("--studio", "st_nowhere")[0] == 1


def test_without_a_stack_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, output = run()
    assert status == 1
    assert "start one with `make run`" in output
