"""An order of 1,000 lines through the deployed stack."""

import pytest

from tests.e2e.world import DeployedStack
from tests.records import SCHOOL_LINE_IDS, SCHOOL_TOTAL, school_order_changes

pytestmark = pytest.mark.stack


def test_all_lines_of_a_large_order_are_refunded(world: DeployedStack) -> None:
    order_id = world.sell(**school_order_changes())
    path = f"/orders/{order_id}"
    items = [{"line_id": line_id, "quantity": 1} for line_id in SCHOOL_LINE_IDS]
    choice = {"type": "line_items", "items": items}

    preview = world.call("POST", f"{path}/refunds/preview", choice)
    assert (preview.status_code, preview.json()["refund_amount"]) == (200, SCHOOL_TOTAL)
    staff = world.request_refund(order_id, {**choice, "reason": "other"}, role="staff")
    assert (staff.status_code, staff.json()["code"]) == (403, "refund_limit_exceeded")

    settled = world.await_status(world.refund(order_id, choice), "settled")
    assert (settled["amount"], len(settled["items"])) == (SCHOOL_TOTAL, len(items))
    panel = world.call("GET", path).json()
    assert (panel["refunded_amount"], panel["refundable_amount"]) == (SCHOOL_TOTAL, 0)
    assert len(panel["line_items"]) == len(panel["subjects"]) == len(items)
    found = world.call("GET", f"/orders?query={order_id}").json()["items"]
    assert [each["order_id"] for each in found] == [order_id]


def test_more_items_than_an_order_may_have_are_refused(world: DeployedStack) -> None:
    order_id = world.sell()
    items = [{"line_id": f"li_{number}", "quantity": 1} for number in range(1_001)]
    answer = world.request_refund(
        order_id, {"type": "line_items", "items": items, "reason": "other"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
