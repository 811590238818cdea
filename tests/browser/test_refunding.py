"""Refunding an order in a browser: the preview, one refund whatever happens, what forbids it."""

import contextlib
import re

import pytest
from playwright.sync_api import Error, Route, expect

from tests.browser.desk import (
    answers_lost,
    badge,
    choose_partial,
    keys_sent,
    open_refund,
    panel_of,
    refunds_at_stripe,
    tab_to,
)
from tests.browser.people import PHONE, People, assert_accessible, assert_fits
from tests.e2e.world import YEN_STUDIO, DeployedStack
from tests.records import line_record

pytestmark = pytest.mark.stack


def test_a_whole_refund_is_made_by_keyboard_and_the_focus_comes_back(
    people: People, world: DeployedStack
) -> None:
    order_id = world.sell()
    with people.page(f"/orders?query={order_id}") as page:
        expect(page.get_by_role("link", name=order_id)).to_be_visible()
        tab_to(page, order_id)
        page.keyboard.press("Enter")
        panel = panel_of(page, order_id)
        tab_to(page, "Refund")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name=f"Refund order {order_id}")
        expect(dialog.get_by_role("radio", name="Full refund")).to_be_focused()
        for figure in ("$100.00", "$15.00", "$3.20", "\N{MINUS SIGN}$85.00", "5-10 business days"):
            expect(dialog.get_by_role("region", name="Preview")).to_contain_text(figure)
        page.keyboard.press("Tab")
        page.keyboard.type("Poor")
        tab_to(page, "Refund $100.00")
        with world.webhooks_held():
            page.keyboard.press("Enter")
            page.keyboard.press("Enter")
            expect(dialog).to_be_hidden()
            expect(badge(panel, "Pending")).to_be_visible()
        expect(panel.get_by_role("button", name="Refund", exact=True)).to_be_focused()
        expect(badge(panel, "Refunded")).to_be_visible(timeout=40_000)
        expect(panel.get_by_role("listitem").filter(has_text="Poor quality")).to_be_visible()
    assert refunds_at_stripe(world, order_id) == (1, 10_000)


def test_a_lost_answer_a_reload_and_a_double_click_are_one_refund(
    people: People, world: DeployedStack
) -> None:
    order_id = world.sell()
    path = f"/orders/{order_id}/refunds"
    with people.page(f"/orders/{order_id}") as page:
        keys = keys_sent(page, path)
        with answers_lost(page, world, path):
            dialog = open_refund(page)
            choose_partial(dialog, "12.00").dblclick()
            expect(dialog).to_contain_text("the refund is made only once")
        page.reload()
        panel = panel_of(page, order_id)
        expect(panel.get_by_role("alert")).to_contain_text("got no answer")
        dialog = open_refund(page)
        dialog.get_by_role("button", name="Refund $12.00").click()
        expect(dialog).to_be_hidden()
        expect(panel.get_by_text("got no answer")).to_be_hidden()
    assert len(keys) == 2, keys
    assert len(set(keys)) == 1, keys
    assert refunds_at_stripe(world, order_id) == (1, 1_200)


def test_the_second_of_two_tabs_is_told_that_less_is_left(
    people: People, world: DeployedStack
) -> None:
    order_id = world.sell()
    with people.page(f"/orders/{order_id}") as first:
        second = first.context.new_page()
        second.goto(f"/orders/{order_id}")
        one = choose_partial(open_refund(first), "5.00")
        dialog = open_refund(second)
        other = choose_partial(dialog, "6.00")
        one.click()
        expect(first.get_by_role("dialog")).to_be_hidden()
        other.click()
        expect(dialog.get_by_role("alert")).to_contain_text("refundable amount has changed")
        expect(dialog).to_contain_text("Up to $95.00")
        expect(dialog.get_by_role("region", name="Preview")).to_contain_text("$89.00")
        assert refunds_at_stripe(world, order_id) == (1, 500)
        other.click()
        expect(dialog).to_be_hidden()
    assert refunds_at_stripe(world, order_id) == (2, 1_100)


def test_a_late_answer_about_an_older_amount_is_not_shown(
    people: People, world: DeployedStack
) -> None:
    order_id = world.sell()
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if '"amount":1000' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    with people.page(f"/orders/{order_id}") as page:
        dialog = open_refund(page)
        page.route("**/refunds/preview", hold_the_first)
        dialog.get_by_role("radio", name="Partial refund").check()
        with page.expect_request(lambda sent: '"amount":1000' in (sent.post_data or "")):
            dialog.get_by_label("Amount").fill("10")
        button = dialog.get_by_role("button", name=re.compile("^Refund"))
        expect(button).to_be_disabled()
        dialog.get_by_label("Amount").fill("25")
        expect(button).to_have_text("Refund $25.00")
        with contextlib.suppress(Error):  # the page may have given it up
            held[0].continue_()
        page.wait_for_timeout(300)
        expect(button).to_have_text("Refund $25.00")
        expect(button).to_be_enabled()


def test_an_amount_that_cannot_be_is_refused_next_to_its_field(
    people: People, world: DeployedStack
) -> None:
    order_id = world.sell()
    with people.page(f"/orders/{order_id}") as page:
        dialog = open_refund(page)
        dialog.get_by_role("radio", name="Partial refund").check()
        field = dialog.get_by_label("Amount")
        for typed, words in {
            "1.234": "could mean two amounts",
            "100.01": "Only $100.00 of this order can still be refunded.",
        }.items():
            field.fill(typed)
            field.blur()
            expect(field).to_have_accessible_description(re.compile(re.escape(words)))
            expect(dialog.get_by_role("button", name="Refund")).to_be_disabled()
    yen_order = world.sell(YEN_STUDIO)
    with people.page(f"/orders/{yen_order}", studio_id=YEN_STUDIO) as page:
        dialog = open_refund(page)
        expect(dialog.get_by_role("button", name="Refund ¥10,000")).to_be_enabled()
        dialog.get_by_role("radio", name="Partial refund").check()
        dialog.get_by_label("Amount").fill("12.5")
        dialog.get_by_label("Amount").blur()
        expect(dialog).to_contain_text("JPY has no decimals")


def test_quantities_stop_at_what_is_left(people: People, world: DeployedStack) -> None:
    lines = [
        line_record("li_1", 3, 2_500, product="8x10 Print"),
        line_record("li_2", 1, 2_500, product="Class Photo"),
    ]
    order_id = world.sell(line_items=lines)
    with people.page(f"/orders/{order_id}") as page:
        dialog = open_refund(page)
        dialog.get_by_role("radio", name="Line-item refund").check()
        prints = dialog.get_by_label("Quantity of 8x10 Print")
        prints.fill("9")
        expect(prints).to_have_value("3")
        dialog.get_by_role("button", name="All 1 of Class Photo").click()
        expect(dialog.get_by_label("Quantity of Class Photo")).to_have_value("1")
        expect(dialog.get_by_role("button", name="Refund $100.00")).to_be_enabled()
        dialog.get_by_label("Quantity of Class Photo").fill("0")
        prints.fill("2")
        dialog.get_by_role("button", name="Refund $50.00").click()
        expect(dialog.get_by_label("Reason")).to_be_focused()  # it was not chosen
        expect(dialog.get_by_label("Reason")).to_have_accessible_description("Choose a reason.")
        dialog.get_by_label("Reason").select_option("Wrong print")
        dialog.get_by_role("button", name="Refund $50.00").click()
        expect(dialog).to_be_hidden()
        row = panel_of(page, order_id).get_by_role("row").filter(has_text="8x10 Print")
        expect(row).to_contain_text("1 of 3 left")


def test_a_claimed_print_is_canceled_first(people: People, world: DeployedStack) -> None:
    order_id = world.sell(fulfillment={"status": "claimed", "claimed_by": "station-2"})
    with people.page(f"/orders/{order_id}") as page:
        dialog = open_refund(page)
        button = dialog.get_by_role("button", name="Refund $100.00")
        expect(dialog.get_by_role("alert")).to_contain_text("Cancel fulfillment first")
        expect(button).to_be_disabled()
        dialog.get_by_role("button", name="Cancel Fulfillment").click()
        cancel = page.get_by_role("dialog", name="Cancel fulfillment of order")
        expect(cancel).to_contain_text("station-2 has claimed this print")
        expect(cancel).to_contain_text("This is final.")
        assert_accessible(page)
        cancel.get_by_role("button", name="Cancel Fulfillment").click()
        expect(cancel).to_be_hidden()
        expect(button).to_be_enabled()
        expect(dialog.get_by_role("radio", name="Full refund")).to_be_focused()
    assert world.call("GET", f"/orders/{order_id}").json()["fulfillment"]["status"] == "canceled"


def test_a_shipped_print_is_a_warning(people: People, world: DeployedStack) -> None:
    order_id = world.sell(fulfillment={"status": "shipped", "claimed_by": None})
    with people.page(f"/orders/{order_id}") as page:
        dialog = open_refund(page)
        expect(dialog).to_contain_text("The print has been shipped")
        expect(dialog.get_by_role("button", name="Refund $100.00")).to_be_enabled()


def test_staff_are_stopped_beforehand_at_their_limit(people: People, world: DeployedStack) -> None:
    order_id = world.sell(
        line_items=[line_record("li_1", 4, 50_000)],
        total_amount=200_000,
        rev_share_amount=30_000,
        stripe_fee_amount=5_830,
    )
    with people.page(f"/orders/{order_id}", role="staff") as page:
        dialog = open_refund(page)
        expect(dialog.get_by_role("alert")).to_contain_text("more than your role may refund")
        expect(dialog.get_by_role("button", name="Refund $2,000.00")).to_be_disabled()
        choose_partial(dialog, "900.00")


def test_the_dialog_is_accessible_and_fits_a_phone(people: People, world: DeployedStack) -> None:
    order_id = world.sell(fulfillment={"status": "queued", "claimed_by": None})
    with people.page(f"/orders/{order_id}") as page:
        dialog = open_refund(page)
        expect(dialog.get_by_role("button", name="Refund $100.00")).to_be_enabled()
        assert_accessible(page)
        dialog.get_by_role("radio", name="Line-item refund").check()
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        assert_fits(page)
        assert_accessible(page)
