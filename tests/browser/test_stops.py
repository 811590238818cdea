"""What PPS stops is said on every screen, and a form that was being filled in is kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from infra.local.demo_users import sign_in_demo_users
from infra.local.stack import Stack
from tests.browser.desk import choose_partial, open_refund, panel_of, refunds_at_stripe
from tests.browser.people import People, assert_accessible
from tests.e2e.payday import studio_with_a_sale
from tests.e2e.world import DeployedStack
from tests.operate import operate, outputs_of, use_local_stack

pytestmark = pytest.mark.stack

WHO = ("--by", "op_1", "--why", "bad deployment")
# A stop holds within a minute, and the page asks every half minute.
WITHIN_A_MINUTE = 75_000


@pytest.fixture
def studio_id(
    world: DeployedStack, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A studio of its own, so that a stop concerns no other test."""
    use_local_stack(stack, tmp_path, monkeypatch)
    studio_id = studio_with_a_sale(world)
    yield studio_id
    operate("start", "refunds", "--studio", studio_id, *WHO)


@pytest.fixture
def its_people(people: People, stack: Stack, studio_id: str) -> People:
    """The people of that studio."""
    outputs = outputs_of(stack)
    users = sign_in_demo_users(
        stack.aws,
        pool_id=outputs["UserPoolId"],
        client_id=outputs["UserPoolClientId"],
        orders_table=outputs["OrdersTableName"],
        studios=[studio_id],
    )
    return People(people.browser, replace(stack, users=users))


def test_staff_read_that_refunds_are_stopped_and_lose_nothing_that_they_typed(
    its_people: People, world: DeployedStack, studio_id: str
) -> None:
    (sale,) = [each for each in world.entries(studio_id) if each["kind"] == "sale"]
    order_id = str(sale["order_id"])
    with its_people.page(f"/orders/{order_id}", studio_id=studio_id) as page:
        panel_of(page, order_id)
        dialog = open_refund(page)
        button = choose_partial(dialog, "12.00")
        dialog.get_by_label("Note").fill("Print is scratched")
        stop = ("stop", "refunds", "--studio", studio_id, "--notice", "We are back at noon.", *WHO)
        assert operate(*stop).exit_code == 0

        words = "Refunds are stopped for now. We are back at noon."
        banner = page.get_by_role("main").get_by_text(words)
        expect(banner.first).to_be_attached(timeout=WITHIN_A_MINUTE)
        notice = dialog.get_by_role("alert").filter(has_text=words)
        expect(notice).to_be_visible(timeout=WITHIN_A_MINUTE)
        expect(button).to_be_disabled()
        expect(dialog.get_by_label("Note")).to_have_value("Print is scratched")
        expect(dialog.get_by_label("Amount")).to_have_value("12.00")
        assert_accessible(page)
        dialog.get_by_role("button", name="Back").click()
        expect(
            page.get_by_role("main").get_by_role("status").filter(has_text=words)
        ).to_be_visible()
        assert refunds_at_stripe(world, order_id) == (0, 0)

        assert operate("start", "refunds", "--studio", studio_id, *WHO).exit_code == 0
        expect(banner).to_have_count(0, timeout=WITHIN_A_MINUTE)
        choose_partial(open_refund(page), "12.00").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert refunds_at_stripe(world, order_id) == (1, 1_200)
