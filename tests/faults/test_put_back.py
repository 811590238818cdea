"""A restore that dies while it copies is completed by a repeat, whatever it had done by then."""

from collections.abc import Iterator
from itertools import batched
from threading import Lock
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from infra.operate.migrate.schema import add_versions
from infra.operate.restore.put_back import add_missing, put_back
from infra.operate.restore.tables import Copies
from shared.domain.ledger import LedgerHead
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import PLATFORM_PK
from shared.gateways.records.ledger import entry_to_item, head_to_item
from tests.faults.one_process.in_process_engine import URL, InProcessEngine
from tests.faults.one_process.outside_calls import OutsideCalls
from tests.unit.payout_ledgers import ledger

COPY, TABLE = "LedgerTable", "OrdersTable"
SEGMENTS = 3


class KilledError(Exception):
    """The process ends here."""


class Engine:
    """A resource of DynamoDB whose calls the engine in this process answers.

    Attributes:
        writes_left: How many writes still come through, or None for all.
    """

    def __init__(self) -> None:
        self.engine, self._lock = InProcessEngine(), Lock()
        self.engine.reset()
        self.calls = OutsideCalls(self.engine)
        self.writes_left: int | None = None
        session = boto3.Session("test", "test", region_name="us-east-1")
        self.resource = session.resource("dynamodb", endpoint_url=URL)
        self.client = session.client("dynamodb", endpoint_url=URL)
        for client in (self.resource.meta.client, self.client):
            client.meta.events.register("before-send.dynamodb", self._answer)  # type: ignore[arg-type]  # handlers may answer

    def _answer(
        self, request: AWSPreparedRequest, event_name: str, **_: object
    ) -> AWSResponse | None:
        if event_name.endswith("BatchWriteItem") and self.writes_left is not None:
            if self.writes_left == 0:
                raise KilledError
            self.writes_left -= 1
        with self._lock:  # the engine answers one call at a time
            return self.calls.to_aws(request, event_name)

    def put(self, table: str, *items: Any) -> None:  # noqa: ANN401  # DynamoDB's JSON
        for batch in batched(items, 25, strict=False):
            puts = [{"PutRequest": {"Item": each}} for each in batch]
            self.engine.call(
                "dynamodb", "DynamoDB_20120810.BatchWriteItem", RequestItems={table: puts}
            )

    def items(self, table: str) -> list[Any]:
        return sorted(self.engine.scan(table), key=lambda each: (each["PK"]["S"], each["SK"]["S"]))


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    with made.calls.installed():
        yield made
    made.engine.reset()


def item(number: int, text: str) -> Any:  # noqa: ANN401  # DynamoDB's JSON
    return marshal({"PK": f"STUDIO#{number % 7}", "SK": f"{number:05d}", "text": text})


def damaged(engine: Engine) -> None:
    """A copy of 400 items; a table that lacks some, has some otherwise, and has others."""
    engine.put(COPY, *(item(each, "right") for each in range(400)))
    engine.put(TABLE, *(item(each, "right") for each in range(100)))
    engine.put(TABLE, *(item(each, "wrong") for each in range(100, 200)))
    engine.put(TABLE, *(item(each, "surplus") for each in range(1000, 1100)))


def test_a_table_becomes_like_its_copy_and_only_differences_are_written(engine: Engine) -> None:
    damaged(engine)
    stops = marshal({"PK": PLATFORM_PK, "SK": "STOPS", "stops": []})
    engine.put(TABLE, stops)
    done = put_back(engine.resource, COPY, TABLE, SEGMENTS)
    assert done == {"put": 300, "deleted": 100}
    assert [each for each in engine.items(TABLE) if each != stops] == engine.items(COPY)
    assert stops in engine.items(TABLE)
    assert put_back(engine.resource, COPY, TABLE, SEGMENTS) == {"put": 0, "deleted": 0}


@pytest.mark.parametrize("writes", [0, 1, 5, 12, 14])
def test_a_copy_that_died_after_some_writes_is_completed_by_a_repeat(
    engine: Engine, writes: int
) -> None:
    damaged(engine)
    engine.writes_left = writes
    with pytest.raises(KilledError):
        put_back(engine.resource, COPY, TABLE, SEGMENTS)
    engine.writes_left = None
    put_back(engine.resource, COPY, TABLE, SEGMENTS)
    assert engine.items(TABLE) == engine.items(COPY)


def test_missing_items_are_added_and_no_other_is_touched(engine: Engine) -> None:
    damaged(engine)
    before = engine.items(TABLE)
    assert add_missing(engine.resource, COPY, TABLE, SEGMENTS) == 200
    after = engine.items(TABLE)
    assert [each for each in after if each in before] == before
    assert len(after) == len(before) + 200


def test_entries_newer_than_their_head_are_dropped_and_the_rest_verifies(engine: Engine) -> None:
    (first, second, third), _ = ledger(100, 200, 300)
    _, head = ledger(100, 200)
    copies = Copies(engine.client, TABLE, COPY, SEGMENTS)
    engine.put(COPY, *map(entry_to_item, (first, second, third)))
    engine.put(TABLE, head_to_item(head))
    assert copies.torn() != []
    assert copies.drop_newer_entries() == 1
    assert copies.torn() == []
    assert copies.drop_newer_entries() == 0
    assert len(engine.items(COPY)) == 2


def test_a_ledger_whose_head_is_not_there_yet_loses_its_entries(engine: Engine) -> None:
    (first,), _ = ledger(100)
    engine.put(COPY, entry_to_item(first))
    engine.put(TABLE, head_to_item(LedgerHead("st_other", "usd")))
    assert Copies(engine.client, TABLE, COPY).drop_newer_entries() == 1
    assert engine.items(COPY) == []


def test_versions_are_added_by_segments_once(engine: Engine) -> None:
    damaged(engine)
    engine.put(TABLE, item(5000, "new") | marshal({"schema": 1}))

    def add(*, dry_run: bool) -> dict[str, int]:
        done: dict[str, int] = {}
        for segment in range(SEGMENTS):
            for counts in add_versions(engine.client, TABLE, segment, SEGMENTS, dry_run=dry_run):
                for name, times in counts.items():
                    done[name] = done.get(name, 0) + times
        return done

    before = engine.items(TABLE)
    assert add(dry_run=True) == {"version added": 300, "has schema 1": 1}
    assert engine.items(TABLE) == before
    assert add(dry_run=False) == {"version added": 300, "has schema 1": 1}
    assert add(dry_run=False) == {"has schema 1": 301}
    assert engine.items(TABLE) == [each | marshal({"schema": 1}) for each in before]
