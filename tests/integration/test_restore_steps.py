"""The steps of a restore: stop, tables, replay, start."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from typer.testing import Result

from infra.local.stack import Stack
from infra.operate.restore import commands
from infra.operate.restore.tables import Copies
from shared.domain.order import OrderKey
from shared.domain.refund import RefundStatus
from shared.gateways.records.keys import entry_sk, order_pk, primary_key, studio_pk
from tests.integration.backend import Backend
from tests.integration.disaster import Disaster, replay_for
from tests.integration.own_resources import copy_table
from tests.operate import operate, outputs_of, stack_with_outputs, use_environment

pytestmark = pytest.mark.stack


def test_tables_that_do_not_agree_are_reported(disaster: Callable[..., Disaster]) -> None:
    day = disaster()
    backend = day.backend
    order = backend.sell()
    refund = backend.refund(order, 1000)
    backend.deliver()
    before = backend.current(refund)
    backend.drain()
    copies = Copies(backend.dynamodb, backend.orders_table, backend.ledger_table)
    assert copies.torn() == []
    # The refund as it was before the transaction that settled it.
    settled = backend.current(refund)
    backend.orders.advance_refund(replace(before, version=settled.version))
    (problem,) = copies.torn()
    assert "entry 2 has no refund that is so far" in problem


@dataclass
class Restoring:
    """A studio's stack that loses an hour, and the operator who restores it."""

    backend: Backend
    stack: str
    at: datetime
    erasures: str

    def operate(self, step: str, *arguments: str) -> Result:
        return operate("restore", step, *arguments, "--stack", self.stack)

    def since(self) -> tuple[str, str]:
        return "--since", self.at.isoformat()


@pytest.fixture
def restoring(
    stack: Stack,
    disaster: Callable[..., Disaster],
    operated: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> Restoring:
    """A studio with one sale, and copies of its tables."""
    backend = disaster().backend
    backend.sell()
    at = datetime.now(UTC).replace(microsecond=0)
    for table in (backend.orders_table, backend.ledger_table):
        # The engine restores only the present. So the copy is made before the hour, not after.
        backend.dynamodb.restore_table_to_point_in_time(
            SourceTableName=table,
            TargetTableName=f"{table}-{at:%Y%m%dT%H%M%SZ}",
            UseLatestRestorableTime=True,
        )
    # The stack's settings name another stand-in than this backend's.
    monkeypatch.setattr(commands, "replay_for", lambda _: replay_for(backend))
    erasures = copy_table(backend.dynamodb, outputs_of(stack)["ErasuresTableName"], backend.run)
    return Restoring(backend, operated(backend, ErasuresTableName=erasures), at, erasures)


def test_the_operation_puts_tables_back_and_replays(restoring: Restoring) -> None:
    """The two steps between stop and start, which touch only this backend's tables."""
    backend = restoring.backend
    (order,) = backend.order_ids()
    refund = backend.refund(order)
    backend.settle_all()
    put = restoring.operate("tables", "--to", restoring.at.isoformat())
    assert put.exit_code == 0, put.output
    assert backend.head().seq == 1
    replayed = restoring.operate("replay", *restoring.since(), "--json")
    assert replayed.exit_code == 0, replayed.output
    assert json.loads(replayed.stdout)["RefundExternal"] == 1
    assert backend.current(refund).status is RefundStatus.SETTLED


def test_tables_put_back_a_second_time_are_reported_as_json(restoring: Restoring) -> None:
    to = ("--to", restoring.at.isoformat(), "--json")
    assert restoring.operate("tables", *to).exit_code == 0
    again = json.loads(restoring.operate("tables", *to).stdout)
    backend = restoring.backend
    unchanged = {"put": 0, "deleted": 0}
    assert again["changed"] == {
        backend.orders_table: unchanged,
        backend.ledger_table: unchanged,
    }
    assert len(again["copies"]) == 2


def test_backups_of_different_times_are_put_back_and_replayed(restoring: Restoring) -> None:
    """AWS Backup reads the ledger after the orders, and a refund settles between the two."""
    backend = restoring.backend
    (order,) = backend.order_ids()
    refund = backend.refund(order)
    backend.settle_all()
    newer = f"{backend.ledger_table}-{restoring.at:%Y%m%dT%H%M%SZ}"
    entry = backend.dynamodb.get_item(
        TableName=backend.ledger_table, Key=primary_key(studio_pk(backend.studio_id), entry_sk(2))
    )["Item"]
    backend.dynamodb.put_item(TableName=newer, Item=entry)
    to = ("--to", restoring.at.isoformat())
    assert "do not agree" in restoring.operate("tables", *to).stderr.splitlines()[-1]

    erasures = f"{restoring.erasures}-{restoring.at:%Y%m%dT%H%M%SZ}"
    missing = restoring.operate("tables", *to, "--from-backup")
    assert missing.exit_code == 1
    assert f"There is no table {erasures}." in missing.stderr.splitlines()[-1]
    backend.dynamodb.restore_table_to_point_in_time(
        SourceTableName=restoring.erasures,
        TargetTableName=erasures,
        UseLatestRestorableTime=True,
    )
    erased = primary_key(order_pk(OrderKey(backend.studio_id, "ord_erased")), "ERASURE")
    backend.dynamodb.put_item(TableName=erasures, Item=erased)

    put = restoring.operate("tables", *to, "--from-backup", "--workers", "3")
    assert put.exit_code == 0, put.output
    assert backend.head().seq == 1
    assert "Item" in backend.dynamodb.get_item(TableName=restoring.erasures, Key=erased)
    replayed = restoring.operate("replay", *restoring.since(), "--json")
    assert replayed.exit_code == 0, replayed.output
    assert backend.current(refund).status is RefundStatus.SETTLED
    assert backend.head().seq == 2


def test_copies_that_do_not_agree_leave_the_tables_as_they_are(
    restoring: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = restoring.backend
    backend.sell()
    monkeypatch.setattr(Copies, "torn", lambda _: ["st_1: entry 2: it is torn"])
    result = restoring.operate("tables", "--to", restoring.at.isoformat(), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"problems": ["st_1: entry 2: it is torn"]}
    assert "Choose another" in result.stderr.splitlines()[-1]
    assert backend.head().seq == 2


def test_a_replay_names_the_work_that_is_left(restoring: Restoring) -> None:
    backend = restoring.backend
    stranger = backend.order()
    backend.charge(stranger)
    charge = stranger["stripe"]["charge_id"]
    backend.stripe_call("POST", "refunds", charge=charge, amount=100)
    left = restoring.operate("replay", *restoring.since())
    assert left.exit_code == 1
    # The log lines of the replay come before it.
    assert "Not finished: 2 UnknownCharge." in left.stderr.splitlines()[-1]
    assert "Traceback" not in left.output


@pytest.fixture
def idle_function(backend: Backend, stack: Stack) -> Iterator[str]:
    """A function that does nothing, with the backend's queue."""
    lambda_, name = stack.aws.lambda_, f"idle-{backend.run}"
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("idle.py", "def handler(event, context):\n    return {'done': {}}\n")
    role = lambda_.get_function_configuration(FunctionName=stack.functions["payout_adjust"])["Role"]
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="idle.handler",
        Code={"ZipFile": code.getvalue()},
    )
    arn = backend.sqs.get_queue_attributes(
        QueueUrl=backend.adjust_url, AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    yield name
    lambda_.delete_function(FunctionName=name)


def test_functions_are_stopped_with_their_queues_and_started_again(
    idle_function: str, backend: Backend, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    lambda_ = stack.aws.lambda_

    def state() -> str:
        (mapping,) = lambda_.list_event_source_mappings(FunctionName=idle_function)[
            "EventSourceMappings"
        ]
        return mapping["State"]

    use_environment(stack, monkeypatch)
    outputs = {
        "IdleFunctionName": idle_function,
        "AnchorLedgerFunctionName": idle_function,
        "OrdersTableName": backend.orders_table,
    }
    with stack_with_outputs(stack, outputs) as name:
        stopped = operate("restore", "stop", "--stack", name, "--json")
        assert set(json.loads(stopped.stdout)["stopped"]) == {idle_function}
        assert state() in {"Disabling", "Disabled"}
        with pytest.raises(ClientError, match="TooManyRequests"):
            lambda_.invoke(FunctionName=idle_function)
        started = operate(
            *("restore", "start", "--by", "op_1", "--why", "a drill", "--stack", name, "--json")
        )
        assert json.loads(started.stdout) == {}
        assert state() in {"Enabling", "Enabled"}
        assert lambda_.invoke(FunctionName=idle_function)["StatusCode"] == 200
