"""Needs Attention, Settings with the studio's users, and what PPS admins see."""

import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect

from shared.domain.studio_user import erased_name
from tests.browser.people import People, assert_accessible
from tests.e2e.world import YEN_STUDIO, DeployedStack, until
from tests.operate import operate, use_local_stack

pytestmark = pytest.mark.stack


@pytest.fixture
def failed(world: DeployedStack) -> str:
    """An order whose refund failed after it was settled."""
    order_id = world.sell()
    refund = world.await_status(world.refund(order_id, {"type": "full"}), "settled")
    world.control(
        f"refunds/{refund['stripe_refund_id']}",
        status="failed",
        failure_reason="lost_or_stolen_card",
    )
    world.await_status(refund, "failed")
    until(lambda: order_id in world.call("GET", "/attention").text or None, "it needs attention")
    return order_id


def test_staff_record_how_a_failed_refund_was_paid(people: People, failed: str) -> None:
    with people.page("/attention", role="staff") as page:
        failures = page.get_by_role("region", name="Refund failed")
        expect(failures).to_contain_text("did not reach the parent")
        item = failures.get_by_role("listitem").filter(has_text=failed)
        expect(item).to_contain_text("$100.00")
        assert_accessible(page)
        item.get_by_role("button", name="Record how it was paid").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Paid by").select_option("Check")
        dialog.get_by_label("Reference").fill("No. 1001")
        dialog.get_by_label("Note").fill("Called the parent first.")
        dialog.get_by_role("button", name="Record it").click()
        expect(dialog).to_be_hidden()
        expect(item).to_have_count(0)
    with people.page(f"/orders/{failed}", role="staff") as page:
        refunds = page.get_by_role("region", name=f"Order {failed}")
        expect(refunds).to_contain_text("Called the parent first.")


def test_who_only_reads_is_offered_no_way_to_resolve(people: People, failed: str) -> None:
    with people.page("/attention", role="bookkeeper") as page:
        item = page.get_by_role("listitem").filter(has_text=failed)
        expect(item.get_by_role("link", name="Open order")).to_be_visible()
        expect(page.get_by_role("button", name="Record")).to_have_count(0)


def test_an_empty_list_says_that_there_is_nothing_to_do(people: People) -> None:
    with people.page("/settings") as page:
        empty = {"count": 0, "items": [], "next_cursor": None}
        page.route("**/v1/attention", lambda route: route.fulfill(json=empty))
        page.get_by_role("link", name="Needs Attention").click()
        expect(page.get_by_text("There is nothing to do")).to_be_visible()


def test_an_owner_invites_changes_and_removes_a_user(people: People) -> None:
    name = f"Nora {uuid.uuid4().hex[:8]}"
    with people.page("/settings", studio_id=YEN_STUDIO) as page:
        users = page.get_by_role("region", name="Users")
        you = users.get_by_role("row").filter(has=page.get_by_text("You", exact=True))
        expect(you).to_contain_text("The last owner stays")
        expect(you.get_by_role("button")).to_have_count(0)

        users.get_by_role("button", name="Invite a user").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Invite").click()
        expect(dialog).to_contain_text("Enter an email address.")
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_label("Email").fill(f"{name.replace(' ', '.')}@mail.example")
        dialog.get_by_label("Role").select_option("Staff")
        dialog.get_by_role("button", name="Invite").click()
        row = users.get_by_role("row").filter(has_text=name)
        expect(row).to_contain_text("Staff")
        assert_accessible(page)

        row.get_by_role("button", name="Change role").click()
        dialog.get_by_label("Role").select_option("Bookkeeper")
        dialog.get_by_role("button", name="Change role").click()
        expect(row).to_contain_text("Bookkeeper")

        row.get_by_role("button", name="Remove").click()
        dialog.get_by_role("button", name="Remove").click()
        expect(row).to_have_count(0)


def test_an_erased_user_stays_one_person_without_a_name(
    people: People, world: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_local_stack(world.stack, tmp_path, monkeypatch)
    studio_id, order_id = YEN_STUDIO, world.sell(YEN_STUDIO)
    body = {"email": f"{uuid.uuid4().hex}@mail.example", "name": "Una Gone", "role": "staff"}
    user_id = world.call("POST", "/users", body, studio_id=studio_id).json()["user_id"]
    choice = {"type": "partial", "amount": 100, "reason": "quality_issue"}
    refunded = world.request_refund(order_id, choice, token=world.sign_in(user_id))
    assert refunded.status_code == 201, refunded.text
    world.call("DELETE", f"/users/{user_id}", studio_id=studio_id)
    command = ("erase", "--studio", studio_id, "--user", user_id, "--yes")
    done = operate(*command, "--by", "op_1", "--why", "asked")
    assert done.exit_code == 0, done.output
    shown = erased_name(studio_id, user_id)
    with people.page(f"/orders/{order_id}", studio_id=studio_id) as page:
        refunds = page.get_by_role("region", name=f"Order {order_id}")
        expect(refunds).to_contain_text(shown)
        expect(refunds).not_to_contain_text("Una Gone")
    with people.page("/settings", studio_id=studio_id) as page:
        users = page.get_by_role("region", name="Users")
        users.get_by_text("Last changes").click()
        expect(users).to_contain_text(f"{shown} was removed")
        expect(users.get_by_role("row").filter(has_text=shown)).to_have_count(0)
        assert_accessible(page)


def test_staff_see_their_limit_and_no_users(people: People) -> None:
    with people.page("/settings", role="staff") as page:
        me = page.get_by_role("region", name="Who you are")
        expect(me).to_contain_text("$1,000.00")
        expect(me).to_contain_text("Refund orders")
        expect(page.get_by_role("region", name="Users")).to_have_count(0)


def test_a_pps_admin_chooses_a_studio_and_changes_nothing(people: People) -> None:
    with people.page("/attention", role="pps_admin") as page:
        expect(page.get_by_role("heading", name="Choose a studio")).to_be_visible()
        assert_accessible(page)
        page.get_by_label("Search by the beginning").fill("Sakura")
        page.get_by_role("link", name="Sakura").click()
        banner = page.get_by_text("You read the data of")
        expect(banner).to_contain_text(f"({YEN_STUDIO})")
        expect(page.get_by_role("heading", level=1)).to_have_text("Needs Attention")
        page.goto(f"/settings?studio_id={YEN_STUDIO}")
        expect(page.get_by_role("region", name="Users")).to_contain_text("Its owners change them")
        expect(page.get_by_role("button", name="Invite a user")).to_have_count(0)
        page.goto("/orders?studio_id=st_nobody")
        expect(page.get_by_role("alert")).to_contain_text("There is no studio")
