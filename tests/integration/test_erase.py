"""An erasure that is interrupted anywhere is carried on, and a restore does not undo it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypedDict

import pytest

from infra.local.stack import Stack
from infra.operate.erasing.choose import Choice
from infra.operate.erasing.erase import ErasePeople
from infra.operate.erasing.people import OrderPeople
from infra.operate.restore import commands
from infra.operate.stack import OperatedStack
from shared.domain.order import OrderKey
from shared.gateways.records.imported_order import search_items
from tests.integration.backend import Backend
from tests.integration.crash import CrashError
from tests.integration.disaster import Disaster, replay_for
from tests.integration.message_sender import MessageSender
from tests.operate import operate, outputs_of

pytestmark = pytest.mark.stack


class Who(TypedDict):
    by: str
    why: str
    chosen_by: str


WHO: Who = {"by": "op_1", "why": "asked by the parent", "chosen_by": "order"}


@pytest.fixture
def erase_people(backend: Backend, stack: Stack) -> ErasePeople:
    outputs = outputs_of(stack) | {"OrdersTableName": backend.orders_table}
    return ErasePeople.on(OperatedStack("stack", stack.aws, outputs))


@pytest.fixture
def sender(backend: Backend, stack: Stack) -> MessageSender:
    """An order with a refund and a message."""
    sender = MessageSender(backend, stack)
    sender.send()
    return sender


def stored(erase_people: ErasePeople, sender: MessageSender) -> OrderPeople:
    people = erase_people.people.load(sender.backend.key(sender.order_id))
    assert people is not None
    return people


@contextmanager
def crashing_after(client: Any, calls: int) -> Iterator[list[str]]:  # noqa: ANN401  # a client
    """Let a client's n-th write be its last."""
    made: list[str] = []

    def count(model: Any, **_: object) -> None:  # noqa: ANN401  # botocore's model
        if model.name in {"PutItem", "DeleteItem", "UpdateItem", "TransactWriteItems"}:
            if len(made) == calls:
                raise CrashError
            made.append(model.name)

    client.meta.events.register("before-call.dynamodb", count)
    try:
        yield made
    finally:
        client.meta.events.unregister("before-call.dynamodb", count)


def test_an_erasure_that_crashes_anywhere_is_carried_on_by_running_it_again(
    backend: Backend, stack: Stack, erase_people: ErasePeople
) -> None:
    calls, crashed = 0, True
    while crashed:
        sender = MessageSender(backend, stack)
        sender.send()
        key = backend.key(sender.order_id)
        with crashing_after(stack.aws.dynamodb, calls):
            try:
                erase_people([key], **WHO)
                crashed = False
            except CrashError:
                calls += 1
        if crashed and calls > 1:  # the first crash leaves no record
            assert key in erase_people.unfinished()
            # A search for the parent finds the order until all else is erased.
            by_email = erase_people.find([backend.studio_id], Choice(email=sender.email))
            people = stored(erase_people, sender)
            assert people.is_erased or [each.imported.key for each in by_email] == [key]
        erase_people([*erase_people.unfinished(), key], **WHO)
        assert stored(erase_people, sender).is_erased
        assert key not in erase_people.unfinished()
    assert calls > 5


def test_a_repeat_changes_nothing_and_the_first_record_stays(
    erase_people: ErasePeople, sender: MessageSender
) -> None:
    key = sender.backend.key(sender.order_id)
    erase_people([key], **WHO)
    before = stored(erase_people, sender)
    erase_people([key], by="op_2", why="again", chosen_by="email")
    assert stored(erase_people, sender) == before
    (record,) = [each for each in erase_people.erasures.all() if each.whom == key]
    assert (record.by, record.why, record.chosen_by) == tuple(WHO.values())
    assert sender.email not in repr(record)


def test_words_that_an_older_version_made_are_erased_too(
    erase_people: ErasePeople, sender: MessageSender
) -> None:
    backend, key = sender.backend, sender.backend.key(sender.order_id)
    old = ["oldspelling", "parentold"]
    for word in stored(erase_people, sender).tokens:
        sk = {"S": f"{word}#{sender.order_id}"}
        pk = {"S": f"STUDIO#{backend.studio_id}#SEARCH"}
        backend.dynamodb.delete_item(TableName=backend.orders_table, Key={"PK": pk, "SK": sk})
    for item in search_items(key, old):
        backend.dynamodb.put_item(TableName=backend.orders_table, Item=item)
    assert set(old) <= set(stored(erase_people, sender).words_of_names)
    erase_people([key], **WHO)
    assert stored(erase_people, sender).words_of_names == []


def test_only_orders_that_are_old_enough_and_not_erased_are_found_by_age(
    backend: Backend, erase_people: ErasePeople
) -> None:
    old = backend.sell(placed_at="2015-03-01T09:00:00Z")
    backend.sell()
    chosen = Choice(older_than_years=7)

    def found() -> list[str]:
        return [each.imported.order_id for each in erase_people.find([backend.studio_id], chosen)]

    assert found() == [old]
    erase_people([backend.key(old)], **WHO)
    assert found() == []


def test_another_studios_parent_with_the_same_address_stays(
    make_backend: Callable[..., Backend], backend: Backend, erase_people: ErasePeople
) -> None:
    parent = {"name": "Dana Parent", "email": "dana@mail.example"}
    mine = backend.sell(parent=parent)
    other = make_backend()
    other.sell(parent=parent)
    found = erase_people.find([backend.studio_id], Choice(email="DANA@mail.example"))
    assert [each.imported.key for each in found] == [backend.key(mine)]


def test_an_order_that_is_gone_is_erased_without_a_word(erase_people: ErasePeople) -> None:
    key = OrderKey("st_none", "ord_none")
    assert not erase_people.people.erase(key)


def test_a_restore_does_not_bring_an_erased_parent_back(
    disaster: Callable[..., Disaster],
    operated: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend = disaster().backend
    parent = {"name": "Dana Parent", "email": f"{backend.run}@mail.example"}
    order_id = backend.sell(parent=parent)
    at = datetime.now(UTC).replace(microsecond=0)
    for table in (backend.orders_table, backend.ledger_table):
        # The engine restores only the present, so the copy is made before the erasure.
        backend.dynamodb.restore_table_to_point_in_time(
            SourceTableName=table,
            TargetTableName=f"{table}-{at:%Y%m%dT%H%M%SZ}",
            UseLatestRestorableTime=True,
        )
    monkeypatch.setattr(commands, "replay_for", lambda _: replay_for(backend))
    name = operated(backend)
    chosen = ("--studio", backend.studio_id, "--order", order_id)
    erased = operate("erase", *chosen, "--by", "op_1", "--why", "x", "--yes", "--stack", name)
    assert erased.exit_code == 0, erased.output

    def names() -> list[str]:
        record = backend.orders.load_order(backend.key(order_id))
        assert record is not None
        return record.imported.names

    assert names() == []
    restored = operate("restore", "tables", "--to", at.isoformat(), "--stack", name)
    assert restored.exit_code == 0, restored.output
    # The restore had put the names back.
    assert f"{backend.orders_table}: 0 items put" not in restored.stdout
    assert names() == []
    replayed = operate("restore", "replay", "--since", at.isoformat(), "--stack", name)
    assert "erase again" in replayed.stderr
    assert names() == []
