"""Studios of their own whose payout is due now, so that other tests' ledgers stay open."""

import json
import uuid
from typing import Any

from shared.gateways import items
from tests.e2e.world import World

ACCOUNT = "acct_1PaydayPayout0"


def studio_that_is_due(world: World, **changes: Any) -> str:  # noqa: ANN401  # an import record's fields
    """Import a studio with one sale of 10000 minor units, due for a payout; return its id."""
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
    event = {"studios": [json.dumps(studio)], "orders": [json.dumps(order)]}
    assert world.invoke("import_orders", event)["imported"] == 2
    make_due(world, studio_id)
    return studio_id


def make_due(world: World, studio_id: str) -> None:
    """Let the studio's payout day have come."""
    world.stack.aws.dynamodb.put_item(
        TableName=world.stack.tables["orders"],
        Item=items.next_payout_item(studio_id, "2026-01-01T00:00:00.000Z"),
    )
