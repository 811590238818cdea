"""The functions that add entries store running sums, and a long payout is shown with them."""

import pytest

from shared.domain.running_sums import ENTRIES_BETWEEN, RunningSums
from shared.gateways.running_sums import StoredSums
from tests.e2e.long_ledger import refund_at_stripe, sell_to, studio_with_entries
from tests.e2e.world import DeployedStack, until

pytestmark = pytest.mark.stack


def test_a_sale_that_makes_sums_due_stores_them(world: DeployedStack) -> None:
    studio_id = studio_with_entries(world, ENTRIES_BETWEEN - 1)
    sell_to(world, studio_id)
    sums = _stored(world, studio_id)
    assert sums.by_kind["sale"].count == ENTRIES_BETWEEN
    shown = world.call(
        "GET", f"/payouts/next?limit=3&studio_id={studio_id}", role="pps_admin"
    ).json()
    assert shown["sums"]["sale"]["count"] == ENTRIES_BETWEEN
    assert shown["total_amount"] == shown["sums"]["total"]["payable_amount"]
    assert [line["seq"] for line in shown["lines"]] == [1, 2, 3]


def test_a_refund_that_makes_sums_due_stores_them(world: DeployedStack) -> None:
    studio_id = studio_with_entries(world, ENTRIES_BETWEEN - 2)
    order_id = sell_to(world, studio_id)
    refund_at_stripe(world, order_id)
    sums = _stored(world, studio_id)
    assert (sums.by_kind["sale"].count, sums.by_kind["refund"].count) == (ENTRIES_BETWEEN - 1, 1)
    assert sums.by_kind["refund"].gross_amount == -4000


def _stored(world: DeployedStack, studio_id: str) -> RunningSums:
    """Wait until sums are stored."""
    stored = StoredSums(world.stack.aws.dynamodb, world.stack.tables["orders"])

    def found() -> RunningSums | None:
        sums = stored.latest(studio_id, ENTRIES_BETWEEN)
        return sums if sums.seq else None

    return until(found, "running sums are stored")
