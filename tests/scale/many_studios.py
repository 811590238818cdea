"""Worlds with many studios, made through the real import and the real functions."""

import json
from collections.abc import Sequence
from itertools import batched

from tests.faults.world.import_records import charge_of, studio_record
from tests.faults.world.world import FaultWorld
from tests.records import Record, order_record

_RECORDS_PER_IMPORT = 25
_DAY_SECONDS = 86_400.0
_SECONDS_UNTIL_FIRST_POLL = 180.0
# A world begins on a Thursday at noon UTC. This is Monday at noon: each studio's Monday has begun.
_SECONDS_UNTIL_MONDAY = 4 * _DAY_SECONDS


def studio_ids(count: int) -> list[str]:
    """Return the ids of so many studios."""
    return [f"st_{number:06d}" for number in range(count)]


def import_studios(world: FaultWorld, studios: Sequence[str], *, direct: bool = False) -> None:
    """Import studios that are paid out on Mondays."""
    records = [
        studio_record(
            studio_id=studio_id,
            payout_account_id=f"acct_{studio_id}",
            stripe_account_id=f"acct_{studio_id}" if direct else None,
            payout_schedule={"interval": "weekly", "weekday": 0},
        )
        for studio_id in studios
    ]
    for batch in batched(records, _RECORDS_PER_IMPORT, strict=False):
        world.operator.import_all(studios=list(batch))


def sell(
    world: FaultWorld, studios: Sequence[str], orders: int = 1, *, direct: bool = False
) -> None:
    """Sell orders of $100.00 in each studio, until the sales are in the ledgers."""
    records: list[Record] = [
        order_record(
            f"{studio_id}_{number}",
            studio_id,
            account_id=f"acct_{studio_id}" if direct else None,
        )
        for studio_id in studios
        for number in range(orders)
    ]
    for record in records:
        world.stripe.seed_charge(charge_of(record))
    for batch in batched(records, _RECORDS_PER_IMPORT, strict=False):
        answer = world.operator.import_all(orders=list(batch))
        assert answer["refused"] == [], json.dumps(answer)
    while world.queues.process_batch("verify_charge"):
        pass


def until_monday(world: FaultWorld) -> None:
    """Let time pass until the payouts of all studios are due."""
    world.clock.wait(_SECONDS_UNTIL_MONDAY)


def until_tomorrow(world: FaultWorld) -> None:
    """Let a day pass."""
    world.clock.wait(_DAY_SECONDS)


def refund(world: FaultWorld, studios: Sequence[str], orders: int = 1) -> None:
    """Refund the first orders of each studio in full, as its owner."""
    for studio_id in studios:
        world.client.studio_id = studio_id
        for number in range(orders):
            key = f"key-{studio_id}-{number}"
            status, answer = world.client.request_refund(f"ord_{studio_id}_{number}", key)
            assert status == 201, answer  # Created


def interrupt_refunds(world: FaultWorld, studios: Sequence[str]) -> None:
    """Refund an order of each studio, and lose all events about them until they are due."""
    refund(world, studios)
    world.stripe.new_events()
    world.clock.wait(_SECONDS_UNTIL_FIRST_POLL)


def leave(world: FaultWorld, studios: Sequence[str]) -> None:
    """Let studios disconnect their Stripe accounts, without an event about it."""
    for studio_id in studios:
        world.stripe.change_access(f"acct_{studio_id}", "deauthorized")
    world.stripe.new_events()
