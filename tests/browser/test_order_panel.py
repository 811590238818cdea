"""The order's panel in a browser: what forbids a refund, and what to do after one failed."""

import pytest
from playwright.sync_api import expect

from tests.browser.desk import badge, panel_of
from tests.browser.people import PHONE, People, assert_accessible, assert_fits
from tests.e2e.world import DeployedStack, until

pytestmark = pytest.mark.stack


def test_a_failed_refund_says_why_and_how_the_parent_was_paid_is_recorded(
    people: People, world: DeployedStack
) -> None:
    order_id = world.sell()
    refund = world.await_status(world.refund(order_id, {"type": "full"}), "settled")
    world.control(
        f"refunds/{refund['stripe_refund_id']}",
        status="failed",
        failure_reason="lost_or_stolen_card",
    )
    world.await_status(refund, "failed")
    with people.page(f"/orders/{order_id}") as page:
        panel = panel_of(page, order_id)
        expect(badge(panel, "Failed")).to_be_visible()
        expect(panel).to_contain_text("The parent's card was reported lost or stolen. Refund again")
        panel.get_by_role("button", name="Record how the parent was paid").click()
        dialog = page.get_by_role("dialog", name="How was the parent paid?")
        dialog.get_by_role("button", name="Record it").click()
        expect(dialog.get_by_label("Paid by")).to_have_accessible_description(
            "Choose how the parent was paid."
        )
        dialog.get_by_label("Paid by").select_option("Check")
        dialog.get_by_label("Reference").fill("1042")
        assert_accessible(page)
        dialog.get_by_role("button", name="Record it").click()
        expect(dialog).to_be_hidden()
        expect(panel).to_contain_text("Parent paid by check (1042).")
        expect(panel.get_by_role("row").filter(has_text="Paid another way")).to_contain_text("$100")


def test_a_disputed_order_and_an_unpaid_one_each_say_why_they_cannot_be_refunded(
    people: People, world: DeployedStack
) -> None:
    disputed = world.sell()
    world.control("disputes", charge=disputed.replace("ord_", "ch_"))
    until(
        lambda: world.call("GET", f"/orders/{disputed}").json()["dispute_status"],
        "the dispute is on the order",
    )
    uncharged = world.order()
    uncharged["stripe"] = dict.fromkeys(uncharged["stripe"])
    world.import_orders([uncharged])
    reasons = {
        disputed: "The parent disputes this charge",
        str(uncharged["order_id"]): "not charged through Stripe",
    }
    with people.page("/orders") as page:
        for order_id, words in reasons.items():
            page.goto(f"/orders/{order_id}")
            panel = panel_of(page, order_id)
            button = panel.get_by_role("button", name="Refund", exact=True)
            expect(button).to_be_disabled()
            expect(panel).to_contain_text(words)
            button.click(force=True)
            expect(page.get_by_role("dialog")).to_be_hidden()
            assert_accessible(page)


def test_who_may_only_read_sees_no_buttons(people: People, world: DeployedStack) -> None:
    order_id = world.sell()
    with people.page(f"/orders/{order_id}", role="bookkeeper") as page:
        panel = panel_of(page, order_id)
        expect(panel.get_by_role("row").filter(has_text="Left to refund")).to_contain_text("$100")
        for name in ("Refund", "Cancel Fulfillment", "Send Message"):
            expect(panel.get_by_role("button", name=name)).to_have_count(0)


def test_an_unknown_order_is_said_in_words(people: People) -> None:
    with people.page("/orders/ord_nobody_has") as page:
        expect(page.get_by_role("alert")).to_contain_text("There is no such order in your studio.")


def test_the_panel_fits_a_phone(people: People, world: DeployedStack) -> None:
    order_id = world.sell(
        parent={"name": "山田 太郎" * 6, "email": "a-rather-long-address@mail.example"},
        subjects=[{"subject_id": "sub_1", "name": "Maximiliane-Wilhelmina " * 3}],
    )
    world.await_status(world.refund(order_id, {"type": "partial", "amount": 1_000}), "settled")
    with people.page(f"/orders/{order_id}") as page:
        panel = panel_of(page, order_id)
        expect(badge(panel, "Partially refunded")).to_be_visible()
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        assert_fits(page)
        assert_accessible(page)
