"""Telling the parent in a browser: prefilled, sandboxed, and never sent twice."""

import re

import pytest
from playwright.sync_api import Route, expect

from infra.local.mailbox import sent_mail
from tests.browser.desk import answers_lost, badge, choose_partial, keys_sent, open_refund, panel_of
from tests.browser.people import PHONE, People, assert_accessible, assert_fits
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack, until
from tests.ses_events import ses_event

pytestmark = pytest.mark.stack

SENDER = "Lakeside School Portraits <orders@lakesideportraits.example>"


def texts_sent_to(world: DeployedStack, address: str) -> list[str]:
    """Return the texts of the mails to an address."""
    return [m.text for m in sent_mail(world.stack.aws.endpoint_url) if m.to == [address]]


def test_after_a_refund_one_click_fills_in_the_message(
    people: People, world: DeployedStack
) -> None:
    address = "prefilled@mail.example"
    order_id = world.sell(parent={"name": "<img src=x onerror=alert(1)>", "email": address})
    with people.page(f"/orders/{order_id}") as page:
        choose_partial(open_refund(page), "12.00").click()
        panel = panel_of(page, order_id)
        expect(panel.get_by_role("alert")).to_contain_text("5-10 business days")
        panel.get_by_role("button", name="Tell the parent").click()
        dialog = page.get_by_role("dialog", name="Send a message")
        expect(dialog).to_contain_text(SENDER)
        expect(dialog.get_by_label("Subject")).to_have_value(re.compile(r"\$12\.00"))
        text = dialog.get_by_label("Text")
        expect(text).to_have_value(re.compile("5-10 business days"))
        frame = dialog.frame_locator("iframe")
        expect(frame.locator("body")).to_contain_text("<img src=x onerror=alert(1)>")
        assert_accessible(page)
        text.fill("Hello,\n\n<script>alert(2)</script> is on its way.")
        expect(frame.locator("body")).to_contain_text("<script>alert(2)</script> is on its way.")
        expect(frame.locator("script, img")).to_have_count(0)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        assert_fits(page)
        dialog.get_by_role("button", name="Send Message").click()
        expect(dialog).to_be_hidden()
        expect(panel.get_by_role("alert")).to_contain_text(address)
        expect(badge(panel, "Sent")).to_be_visible()
    (sent,) = texts_sent_to(world, address)
    assert "<script>alert(2)</script> is on its way." in sent


def test_a_message_without_an_answer_is_sent_again_by_hand_alone_and_arrives_once(
    people: People, world: DeployedStack
) -> None:
    address = "once@mail.example"
    order_id = world.sell(parent={"name": "Ada Testparent", "email": address})
    world.refund(order_id, {"type": "partial", "amount": 1_000})
    path = f"/orders/{order_id}/messages"
    with people.page(f"/orders/{order_id}") as page:
        keys = keys_sent(page, path)
        panel = panel_of(page, order_id)
        panel.get_by_role("button", name="Send Message").click()
        dialog = page.get_by_role("dialog", name="Send a message")
        with answers_lost(page, world, path):
            dialog.get_by_role("button", name="Send Message").click()
            expect(dialog).to_contain_text("the parent gets it only once")
            page.wait_for_timeout(1_500)
            assert len(keys) == 1, keys
        dialog.get_by_role("button", name="Send Message").click()
        expect(dialog).to_be_hidden()
        expect(badge(panel, "Sent")).to_be_visible()
    assert len(keys) == 2, keys
    assert len(set(keys)) == 1, keys
    assert len(texts_sent_to(world, address)) == 1


def test_a_bounced_message_is_said_everywhere_until_a_person_has_dealt_with_it(
    people: People, world: DeployedStack
) -> None:
    order_id = world.sell(parent={"name": "Ada Testparent", "email": "gone@mail.example"})
    refund = world.refund(order_id, {"type": "partial", "amount": 1_000})
    sent = world.call(
        "POST",
        f"/orders/{order_id}/messages",
        {"template": "refund_confirmation", "refund_id": refund["refund_id"]},
        headers={"Idempotency-Key": order_id},
    ).json()
    ids = {name: sent[name] for name in ("order_id", "message_id")} | {"studio_id": PLATFORM_STUDIO}
    bounce = ses_event("Bounce", ids, sent["ses_message_id"])
    url = world.stack.queues["mail_event"]
    world.stack.aws.sqs.send_message(QueueUrl=url, MessageBody=bounce)
    until(lambda: order_id in world.call("GET", "/attention").text or None, "it is on the list")
    with people.page("/attention", role="staff") as page:
        bounced = page.get_by_role("region", name="Message bounced")
        item = bounced.get_by_role("listitem").filter(has_text=order_id)
        expect(item).to_be_visible()
        assert_accessible(page)
        item.get_by_role("link", name="Open order").click()
        panel = panel_of(page, order_id)
        expect(badge(panel, "Bounced")).to_be_visible()
        expect(panel).to_contain_text("Bounced: mailbox does not exist.")
        expect(panel).to_contain_text("Message bounced: mailbox does not exist")
        assert_accessible(page)
        panel.get_by_role("button", name="Send Message").click()
        dialog = page.get_by_role("dialog", name="Send a message")
        expect(dialog).to_contain_text("to this address: bounced: mailbox does not exist.")
        expect(dialog.get_by_role("button", name="Send Message")).to_be_enabled()
        assert_accessible(page)
    with people.page("/attention", role="staff") as page:
        item = page.get_by_role("listitem").filter(has_text=order_id)
        item.get_by_role("button", name="Dismiss").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Note").fill("Called the parent.")
        dialog.get_by_role("button", name="Dismiss").click()
        expect(dialog).to_be_hidden()
        expect(item).to_have_count(0)
    with people.page(f"/orders/{order_id}", role="staff") as page:
        expect(panel_of(page, order_id)).to_contain_text("Called the parent.")


def test_a_message_whose_outcome_is_unknown_asks_a_person(
    people: People, world: DeployedStack
) -> None:
    order_id = world.sell()
    refund = world.refund(order_id, {"type": "partial", "amount": 1_000})
    sent = world.call(
        "POST",
        f"/orders/{order_id}/messages",
        {"template": "refund_confirmation", "refund_id": refund["refund_id"]},
        headers={"Idempotency-Key": order_id},
    )
    assert sent.status_code == 201, sent.text

    def forget_the_outcome(route: Route) -> None:
        order = world.call("GET", f"/orders/{order_id}").json()
        order["messages"][0] |= {"status": "unknown", "sent_at": None}
        route.fulfill(json=order)

    with people.page("/orders") as page:
        page.route(f"**/v1/orders/{order_id}", forget_the_outcome)
        keys = keys_sent(page, "/messages")
        page.goto(f"/orders/{order_id}")
        panel = panel_of(page, order_id)
        expect(badge(panel, "Not known if sent")).to_be_visible()
        expect(panel).to_contain_text("Nothing sends it again by itself.")
        with page.expect_request("**/resolution") as resolution:
            panel.get_by_role("button", name="It arrived").click()
        assert resolution.value.post_data_json == {"outcome": "received"}
        assert keys == []
