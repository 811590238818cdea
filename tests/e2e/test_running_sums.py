"""The functions that add entries store running sums, and a long payout is shown with them."""

import json
import uuid
from itertools import batched
from typing import Any

import pytest

from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, LedgerHead, append
from shared.domain.running_sums import ENTRIES_BETWEEN, RunningSums
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import entry_sk, primary_key, studio_pk
from shared.gateways.records.ledger import head_to_item
from shared.gateways.running_sums import StoredSums
from tests.e2e.world import DeployedStack, until

pytestmark = pytest.mark.stack

AT = "2026-10-01T12:00:00.000Z"


def test_a_sale_that_makes_sums_due_stores_them(world: DeployedStack) -> None:
    studio_id = _studio(world, ENTRIES_BETWEEN - 1)
    _sell(world, studio_id)
    sums = _stored(world, studio_id)
    assert sums.by_kind["sale"].count == ENTRIES_BETWEEN
    shown = world.call(
        "GET", f"/payouts/next?limit=3&studio_id={studio_id}", role="pps_admin"
    ).json()
    assert shown["sums"]["sale"]["count"] == ENTRIES_BETWEEN
    assert shown["total_amount"] == shown["sums"]["total"]["payable_amount"]
    assert [line["seq"] for line in shown["lines"]] == [1, 2, 3]


def test_a_refund_that_makes_sums_due_stores_them(world: DeployedStack) -> None:
    studio_id = _studio(world, ENTRIES_BETWEEN - 2)
    order_id = _sell(world, studio_id)
    world.stripe("POST", "refunds", charge=order_id.replace("ord_", "ch_"), amount=4000)
    sums = _stored(world, studio_id)
    assert (sums.by_kind["sale"].count, sums.by_kind["refund"].count) == (ENTRIES_BETWEEN - 1, 1)
    assert sums.by_kind["refund"].gross_amount == -4000


def _studio(world: DeployedStack, entries: int) -> str:
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


def _sell(world: DeployedStack, studio_id: str) -> str:
    record = world.order() | {"studio_id": studio_id}
    world.import_orders([record])
    return str(record["order_id"])


def _stored(world: DeployedStack, studio_id: str) -> RunningSums:
    """Wait until sums are stored."""
    stored = StoredSums(world.stack.aws.dynamodb, world.stack.tables["orders"])

    def found() -> RunningSums | None:
        sums = stored.latest(studio_id, ENTRIES_BETWEEN)
        return sums if sums.seq else None

    return until(found, "running sums are stored")
