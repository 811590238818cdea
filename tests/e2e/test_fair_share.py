"""A studio that has used up its share of the API waits, and no other studio does."""

import uuid
from datetime import timedelta

import pytest

from infra.local.stack import Stack
from shared.clock import utc_now
from shared.edge.fair_share import LIMITS, Share
from shared.gateways.request_counts import RequestCounts
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack, named_user, until
from tests.operate import outputs_of

pytestmark = pytest.mark.stack


def use_up(stack: Stack, studio_id: str, *shares: Share) -> None:
    """Count as many requests as a studio may send, in this minute and the next."""
    table, now = outputs_of(stack)["RequestCountsTableName"], utc_now().replace(second=0)
    counts = RequestCounts(table, lambda: stack.aws.dynamodb)
    for share in shares:
        for minutes in range(3):
            minute = now + timedelta(minutes=minutes)
            counts.add(studio_id, share, minute, LIMITS[share].a_minute)


def test_a_busy_studio_is_told_when_to_try_again_and_others_get_their_answer(
    world: DeployedStack,
) -> None:
    studio_id = f"st_{uuid.uuid4().hex}"
    token = named_user(world, "Una Kerr", studio_id=studio_id)
    use_up(world.stack, studio_id, Share.REPORTS)
    refused = world.call("GET", "/reports/refunds", token=token)
    problem = refused.json()
    assert refused.status_code == problem["status"] == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["title"]) == ("too_many_requests", "Too many requests")
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 60
    assert "300 reports" in problem["detail"]
    assert f"Try again in {wait} second" in problem["detail"]
    # A PPS admin who names the studio takes from the same share.
    named = world.call("GET", f"/reports/refunds?studio_id={studio_id}", role="pps_admin")
    assert named.status_code == 429
    # The studio's reports use up neither its refunds nor another studio's reports.
    preview = {"type": "full", "reason": "other"}
    answer = world.call("POST", "/orders/ord_nowhere/refunds/preview", preview, token=token)
    assert (answer.status_code, answer.json()["code"]) == (404, "order_not_found")
    assert world.call("GET", "/reports/refunds", studio_id=PLATFORM_STUDIO).status_code == 200


def test_an_environment_learns_with_its_tenth_request_that_the_share_is_used_up(
    world: DeployedStack,
) -> None:
    studio_id = f"st_{uuid.uuid4().hex}"
    token = named_user(world, "Una Kerr", studio_id=studio_id)
    use_up(world.stack, studio_id, Share.READS)

    def refused() -> bool | None:
        answer = world.call("GET", "/orders/ord_nowhere", token=token)
        assert answer.status_code in {404, 429}, answer.text
        return answer.status_code == 429 or None

    until(refused, "the studio is refused")
    lines = world.log_lines("find_orders")
    logged = [each for each in lines if each.get("message") == "share used up"]
    assert (studio_id, "reads") in {(each["studio_id"], each["share"]) for each in logged}
