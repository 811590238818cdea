"""A proof of PPS's own books that takes many workers finds the same as one that takes one."""

from dataclasses import dataclass

import pytest

from shared.domain.books_proof import BooksFindingKind as Kind
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import HEAD_SK, primary_key, studio_pk
from shared.gateways.stripe import connection
from tests.faults.one_process.answer import Answer
from tests.faults.one_process.outside_calls import OutsideCall, PassThrough, Perform
from tests.faults.one_process.virtual_clock import VirtualClock
from tests.faults.world.import_records import STUDIO, charge_of, sold_order_record, studio_record
from tests.faults.world.new_world import new_world
from tests.faults.world.world import ORDERS_TABLE, RECONCILE, FaultWorld

_BOOKS: dict[str, dict[str, str]] = {"books": {}}
_DAY_SECONDS = 86_400.0


@dataclass
class Slow:
    """Makes each call take its time."""

    clock: VirtualClock
    seconds: float

    def intercept(self, _: OutsideCall, perform: Perform, /) -> Answer:
        self.clock.advance(self.seconds)
        return perform()


def plant(world: FaultWorld) -> None:
    """Sell for some days, and plant a charge that nobody imported and a head that owes too much."""
    world.operator.import_all(studios=[studio_record()])
    world.call_scheduled(RECONCILE, _BOOKS)
    for number in range(8):
        world.sell(f"ord_{number}")
        world.clock.wait(_DAY_SECONDS / 4)
        if number == 2:
            world.stripe.seed_charge(charge_of(sold_order_record("ord_unknown")))
    head = world.ledger.load_head(STUDIO)
    assert head is not None
    world.dynamodb.update_item(
        TableName=ORDERS_TABLE,
        Key=primary_key(studio_pk(STUDIO), HEAD_SK),
        UpdateExpression="SET payable_balance_amount = :owed",
        ExpressionAttributeValues=marshal({":owed": head.payable_balance_amount + 5}),
    )
    world.clock.wait(_DAY_SECONDS)


def differences(world: FaultWorld) -> list[tuple[str, int, int, str | None]]:
    """Prove the books once more, and return what they find."""
    proof = world.call_scheduled(RECONCILE, _BOOKS)
    assert proof["balance_checked"]
    return sorted(
        (each["kind"], each["books_amount"], each["found_amount"], each.get("subject"))
        for each in proof["findings"]
    )


@pytest.mark.parametrize("seconds", [10, 60])
def test_a_proof_for_which_one_worker_has_no_time_is_done_by_many_and_finds_the_same(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each movement takes a call, so that a day of them takes longer than a worker has.
    monkeypatch.setattr(connection, "PAGE_SIZE", 1)
    with new_world() as world:
        plant(world)
        at_once = differences(world)
    assert [kind for kind, *_ in at_once] == [
        Kind.OWED_DIFFERS,
        Kind.TRANSACTION_WITHOUT_ENTRY,
    ]
    with new_world() as world:
        plant(world)
        world.outside_calls.interceptor = Slow(world.clock, seconds)
        answer = world.call_scheduled(RECONCILE, _BOOKS)
        workers = 1
        while world.queues.process_batch(RECONCILE):
            workers += 1
        world.outside_calls.interceptor = PassThrough()
        assert ("continues" in answer) is (workers > 1)
        assert (workers > 1) is (seconds == 60)
        assert differences(world) == at_once
        assert world.functions.errors == []
