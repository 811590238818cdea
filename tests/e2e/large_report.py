"""A studio with more refunds than one answer holds, whose report a PPS admin exports."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from functions.refund_report.export_refunds import MAX_ROWS_ANSWERED
from shared.clock import rfc3339
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, LedgerHead, append
from shared.gateways.exports import ExportQueue
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import entry_sk, primary_key, studio_pk
from shared.gateways.records.ledger import head_to_item
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack, Json, until
from tests.export_requests import refund_request

ROWS = MAX_ROWS_ANSWERED + 1
_FIRST = datetime(2026, 10, 1, 12, tzinfo=UTC)
_REPORT = "/reports/refunds?from=2026-10-01&to=2026-10-31&format=csv"


def studio_with_large_report(world: DeployedStack) -> str:
    """Import a studio and write settled refunds into its ledger; return its id."""
    studio_id = f"st_{uuid.uuid4().hex[:10]}"
    studio = {
        "studio_id": studio_id,
        "name": "Busy Studio",
        "timezone": "UTC",
        "currency": "usd",
        "rev_share_bps": 1500,
        "from_address": "orders@studio.example",
        "stripe_account_id": None,
        "negative_balance_limit": 50000,
    }
    report = world.invoke("import_orders", {"studios": [json.dumps(studio)]})
    assert report["imported"] == 1, report
    _book(world, LedgerHead(studio_id, "usd"))
    return studio_id


def _book(world: DeployedStack, head: LedgerHead) -> None:
    puts: list[Any] = []
    for number in range(ROWS):
        at = rfc3339(_FIRST + timedelta(seconds=number))
        facts = EntryFacts(
            kind=EntryKind.REFUND,
            order_id=f"ord_{number}",
            recorded_at=at,
            refund_id=f"rf_{number}",
            refund_type="partial",
            settled_at=at,
        )
        entry, head = append(head, facts, EntryAmounts(-100, 0, 15, -85, 0, 3))
        key = primary_key(studio_pk(entry.studio_id), entry_sk(entry.seq))
        puts.append({"PutRequest": {"Item": key | marshal(entry.content())}})
    dynamodb, tables = world.stack.aws.dynamodb, world.stack.tables
    for batch in batched(puts, 25, strict=False):
        dynamodb.batch_write_item(RequestItems={tables["ledger"]: list(batch)})
    dynamodb.put_item(TableName=tables["orders"], Item=head_to_item(head))


def export_large_report(world: DeployedStack, studio_id: str) -> Json:
    """Request the studio's report as a file, as a PPS admin, and wait until it is written."""
    admin = world.stack.tokens[PLATFORM_STUDIO]["pps_admin"]
    asked = world.call("GET", f"{_REPORT}&studio_id={studio_id}", token=admin)
    assert asked.status_code == 202, asked.text
    assert asked.json()["status"] == "running"

    def ready() -> Json | None:
        found = world.call("GET", asked.json()["url"], token=admin)
        assert found.status_code == 200, found.text
        return dict(found.json()) if found.json()["status"] == "ready" else None

    return until(ready, "the export to be written")


def write_export_of_open_refunds(world: DeployedStack, studio_id: str) -> str:
    """Export a studio's open refunds, as if there were many; return the export's id."""
    request = refund_request(studio_id, state="open", start="2000-01-01T00:00:00.000Z")
    queue_url = world.environment("refund_report")["EXPORT_QUEUE_URL"]
    ExportQueue(world.stack.aws.sqs, queue_url).send(request)
    return request.export_id
