"""A payout with more lines than one answer holds, whose statement a PPS admin exports."""

from functions.payouts.show_payout import MOST_LINES_AT_ONCE
from shared.domain.payout import Payout, PayoutStatus, PayoutStep
from shared.gateways.records.payout import payout_to_item
from tests.e2e.long_ledger import AT, studio_with_entries
from tests.e2e.world import DeployedStack, until

LINES = MOST_LINES_AT_ONCE + 1


def studio_with_large_payout(world: DeployedStack) -> str:
    """Import a studio, and write a payout of many sales; return the payout's id."""
    studio_id = studio_with_entries(world, LINES)
    payout = Payout(
        payout_id=f"po_{studio_id}_2026-10-04",
        studio_id=studio_id,
        currency="usd",
        period_started_at="2026-09-28T00:00:00.000Z",
        period_ended_at="2026-10-05T00:00:00.000Z",
        period_start="2026-09-28",
        period_end="2026-10-04",
        first_seq=1,
        last_seq=LINES,
        entry_seq=LINES + 1,
        carried_in_amount=0,
        total_amount=LINES * 8180,
        paid_amount=0,
        carried_amount=LINES * 8180,
        status=PayoutStatus.CARRIED,
        closed_at=AT,
        history=(PayoutStep(PayoutStatus.CARRIED, AT),),
    )
    item = payout_to_item(payout)
    world.stack.aws.dynamodb.put_item(TableName=world.stack.tables["orders"], Item=item)
    return payout.payout_id


def export_large_statement(world: DeployedStack, payout_id: str) -> str:
    """Request the statement as a file, as a PPS admin, and return its text once it is written."""
    studio_id = payout_id.removeprefix("po_").rpartition("_")[0]
    path = f"/payouts/{payout_id}?studio_id={studio_id}"
    printed = world.call("GET", f"{path}&format=html", role="pps_admin")
    assert (printed.status_code, "10,001 lines, too many to print" in printed.text) == (200, True)
    asked = world.call("GET", f"{path}&format=csv", role="pps_admin")
    assert asked.status_code == 202, asked.text

    def ready() -> str | None:
        found = world.call("GET", asked.json()["url"], role="pps_admin")
        assert found.status_code == 200, found.text
        return str(found.json()["url"]) if found.json()["status"] == "ready" else None

    file = world.http.get(until(ready, "the statement to be written"))
    assert f'filename="{payout_id}.csv"' in file.headers["Content-Disposition"]
    return str(file.content.decode("utf-8-sig"))
