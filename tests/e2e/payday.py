"""Studios that are paid out; other tests' studios keep their ledgers open."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from fcntl import LOCK_EX, flock
from typing import Any

from shared.clock import rfc3339, utc_now
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.records.next_payout import next_payout_item
from shared.gateways.records.payout import payout_to_item
from tests.e2e.world import DeployedStack

ACCOUNT = "acct_1PaydayPayout0"


def studio_with_a_sale(world: DeployedStack, **changes: Any) -> str:  # noqa: ANN401  # an import record's fields
    """Import a studio with one sale of 10000 minor units; return its id."""
    studio_id = f"st_{uuid.uuid4().hex[:10]}"
    studio = {
        "studio_id": studio_id,
        "name": "Payday <Portraits>",
        "timezone": "America/Chicago",
        "currency": "usd",
        "rev_share_bps": 1500,
        "from_address": "orders@payday.example",
        "payout_account_id": ACCOUNT,
        "negative_balance_limit": 0,
    } | changes
    order = world.order() | {"studio_id": studio_id}
    assert world.invoke("import_orders", {"studios": [json.dumps(studio)]})["imported"] == 1
    world.import_orders([order])
    return studio_id


def pay_out(world: DeployedStack, studio_id: str, fault: str | None = None) -> str:
    """Pay the studio everything up to now; return the outcome.

    A lock lets one test at a time make payouts, so that a fault meets the payout it is for.

    Args:
        world: The stack.
        studio_id: The studio's id.
        fault: The fault of the transfer at Stripe, or None.
    """
    with (world.stack.logs["iam"].parent / "payday.lock").open("a") as lock:
        flock(lock, LOCK_EX)
        if fault is not None:
            transfers = {"method": "POST", "path_prefix": "/v1/transfers"}
            world.control("faults", fault=fault, times=1, match=transfers)
        event = {"action": "pay_now", "studio_id": studio_id, "because": "test: pays out now"}
        return str(world.invoke("run_payouts", event)["outcome"])


def make_due(world: DeployedStack, studio_id: str) -> None:
    """Make the studio's next payout an hour overdue."""
    due_at = rfc3339(utc_now() - timedelta(hours=1))
    item = next_payout_item(studio_id, due_at)
    world.stack.aws.dynamodb.put_item(TableName=world.stack.tables["orders"], Item=item)


@contextmanager
def transfer_gone(world: DeployedStack) -> Iterator[str]:
    """Mark a studio's payout as paid two hours ago by a transfer that Stripe does not have."""
    studio_id = studio_with_a_sale(world)
    pay_out(world, studio_id)
    dynamodb, table = world.stack.aws.dynamodb, world.stack.tables["orders"]
    (payout,) = PayoutsTable(dynamodb, table).newest(studio_id, 1)
    assert payout.transfer_id is not None
    at = rfc3339(utc_now() - timedelta(hours=2))
    gone = replace(
        payout,
        transfer_id="tr_that_is_not_there",
        history=tuple(replace(step, at=at) for step in payout.history),
    )
    dynamodb.put_item(TableName=table, Item=payout_to_item(gone))
    yield studio_id
    dynamodb.put_item(TableName=table, Item=payout_to_item(payout))
