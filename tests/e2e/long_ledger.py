"""A studio with a long ledger, written into its table."""

import json
import uuid
from itertools import batched
from typing import Any

from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, LedgerHead, append
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import entry_sk, primary_key, studio_pk
from shared.gateways.records.ledger import head_to_item
from tests.e2e.world import DeployedStack

AT = "2026-10-01T12:00:00.000Z"


def studio_with_entries(world: DeployedStack, entries: int) -> str:
    """Import a studio, and write so many sales into its ledger; return its id."""
    studio_id = f"st_{uuid.uuid4().hex[:10]}"
    studio = {
        "studio_id": studio_id,
        "name": "Long Ledger",
        "timezone": "UTC",
        "currency": "usd",
        "rev_share_bps": 1500,
        "from_address": "orders@studio.example",
        "negative_balance_limit": 0,
    }
    assert world.invoke("import_orders", {"studios": [json.dumps(studio)]})["imported"] == 1
    head = LedgerHead(studio_id, "usd")
    puts: list[Any] = []
    for number in range(entries):
        facts = EntryFacts(EntryKind.SALE, f"ord_{number}", AT)
        entry, head = append(head, facts, EntryAmounts(10000, -320, -1500, 8180, 0))
        item = primary_key(studio_pk(studio_id), entry_sk(entry.seq))
        puts.append({"PutRequest": {"Item": item | marshal(entry.content())}})
    dynamodb, tables = world.stack.aws.dynamodb, world.stack.tables
    for batch in batched(puts, 25, strict=False):
        dynamodb.batch_write_item(RequestItems={tables["ledger"]: list(batch)})
    dynamodb.put_item(TableName=tables["orders"], Item=head_to_item(head))
    return studio_id


def sell_to(world: DeployedStack, studio_id: str) -> str:
    """Sell an order of a studio; return its id."""
    record = world.order() | {"studio_id": studio_id}
    world.import_orders([record])
    return str(record["order_id"])


def refund_at_stripe(world: DeployedStack, order_id: str) -> None:
    """Refund a part of an order at Stripe itself."""
    world.stripe("POST", "refunds", charge=order_id.replace("ord_", "ch_"), amount=4000)
