"""Verifying a ledger on a real table, and the operation that does it."""

import json
from collections.abc import Callable

import pytest

from infra.operate.ledger_verification import studios_of, verify_studio
from shared.gateways.records.keys import entry_sk, primary_key, studio_pk
from tests.integration.backend import Backend
from tests.operate import failure_of, operate

pytestmark = pytest.mark.stack


def verify(backend: Backend) -> tuple[int, str | None]:
    verdict = verify_studio(
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


def test_a_sound_ledger_verifies_and_a_rewritten_one_does_not(backend: Backend) -> None:
    for _ in range(4):
        backend.sell()
    assert verify(backend) == (4, None)
    tamper(backend, 3, "SET net_amount = :v", 1)
    assert verify(backend) == (2, "entry 3: its hash does not match its content")


def test_a_deleted_entry_is_found(backend: Backend) -> None:
    for _ in range(3):
        backend.sell()
    key = primary_key(studio_pk(backend.studio_id), entry_sk(2))
    backend.dynamodb.delete_item(TableName=backend.ledger_table, Key=key)
    assert verify(backend) == (1, "entry 2: expected seq 2, found 3")


def test_all_studios_are_found(backend: Backend) -> None:
    backend.sell()
    found = studios_of(backend.dynamodb, backend.ledger_table)
    assert found == [backend.studio_id]


def test_the_operation_names_the_first_entry_that_does_not_verify(
    backend: Backend, operated: Callable[..., str]
) -> None:
    stack = operated(backend)
    backend.sell()
    sound = operate("verify-ledger", "--studio", backend.studio_id, "--stack", stack)
    assert (sound.exit_code, "sound" in sound.stdout) == (0, True)
    tamper(backend, 1, "SET gross_amount = :v", 1)
    found = operate("verify-ledger", "--studio", backend.studio_id, "--stack", stack)
    assert (found.exit_code, "entry 1: its hash does not match" in found.stdout) == (1, True)


def test_the_operation_prints_each_studios_verdict_as_json(
    backend: Backend, operated: Callable[..., str]
) -> None:
    backend.sell()
    result = operate(
        "verify-ledger", "--studio", backend.studio_id, "--stack", operated(backend), "--json"
    )
    (verdict,) = json.loads(result.stdout)
    assert (verdict["studio_id"], verdict["sound"]) == (backend.studio_id, True)
    assert (verdict["entries"], verdict["currency"]) == (1, "usd")


def test_an_unknown_studio_prints_one_line(backend: Backend, operated: Callable[..., str]) -> None:
    result = operate("verify-ledger", "--studio", "st_nowhere", "--stack", operated(backend))
    assert failure_of(result) == "error: There is no studio st_nowhere"
    assert result.exit_code == 1
