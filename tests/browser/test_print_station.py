"""The Print Station in a browser: claim, print, ship, and others who do the same."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import PHONE, People, assert_accessible, assert_fits
from tests.e2e.world import DeployedStack

pytestmark = pytest.mark.stack


@pytest.fixture
def order_id(world: DeployedStack) -> str:
    """A print that waits. It is the oldest, so that it is on the first page."""
    return world.sell(
        placed_at="2025-01-02T10:00:00Z", fulfillment={"status": "queued", "claimed_by": None}
    )


def press(page: Page, name: str, order_id: str) -> None:
    """Press the button of a print."""
    page.get_by_role("button", name=f"{name} {order_id}").click()


def test_a_print_is_claimed_printed_and_shipped(people: People, order_id: str) -> None:
    with people.page("/print-station", role="print_operator") as page:
        row = page.get_by_role("row").filter(has_text=order_id)
        expect(row).to_contain_text("4 \N{MULTIPLICATION SIGN} Print")
        press(page, "Claim", order_id)
        expect(row).to_contain_text("by you")
        expect(page.get_by_role("button", name=f"Mark as printed {order_id}")).to_be_focused()
        assert_accessible(page)
        page.keyboard.press("Enter")
        press(page, "Mark as shipped", order_id)
        expect(row).to_have_count(0)
        expect(page.get_by_role("status").filter(has_text=order_id)).to_contain_text("Shipped")


def test_the_claim_of_another_shows_and_the_loser_is_told(
    people: People, world: DeployedStack, order_id: str
) -> None:
    with people.page("/print-station?status=queued", role="print_operator") as page:
        expect(page.get_by_role("button", name=f"Claim {order_id}")).to_be_visible()
        answer = world.call("POST", f"/print-station/orders/{order_id}/claim", {})
        assert answer.status_code == 200, answer.text
        press(page, "Claim", order_id)
        expect(page.get_by_role("alert")).to_contain_text("Another operator has claimed this print")
        page.get_by_role("link", name="All").click()
        row = page.get_by_role("row").filter(has_text=order_id)
        expect(row).to_contain_text("Claimed")
        cancel = world.call("POST", f"/orders/{order_id}/fulfillment/cancel", {})
        assert cancel.status_code == 200, cancel.text
        expect(row).to_have_count(0, timeout=15_000)


def test_staff_see_the_queue_and_cannot_work_it(people: People, order_id: str) -> None:
    with people.page("/print-station?status=queued", role="staff") as page:
        expect(page.get_by_role("row").filter(has_text=order_id)).to_be_visible()
        expect(page.get_by_role("button", name="Claim")).to_have_count(0)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        assert_fits(page)
        assert_accessible(page)
