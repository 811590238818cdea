"""Production → Orders → All Orders in a browser."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.people import PHONE, People, assert_accessible, assert_fits
from tests.e2e.world import YEN_STUDIO, DeployedStack

pytestmark = pytest.mark.stack

SEARCH = "Search by parent name, subject name or order ID"


@pytest.fixture(scope="module")
def surname() -> str:
    """A name with an accent that no other order of this run has."""
    return "Ångström" + "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex[:12])


@pytest.fixture(scope="module")
def order_id(world: DeployedStack, surname: str) -> str:
    """An order whose names have an accent and markup."""
    return world.sell(
        parent={"name": f"Zoë {surname}", "email": "zoe@mail.example"},
        subjects=[{"subject_id": "sub_1", "name": "<b>Finn</b> & Co"}],
    )


def test_staff_find_an_order_without_typing_accents(
    people: People, surname: str, order_id: str
) -> None:
    with people.page("/orders", role="staff") as page:
        typed = surname.replace("Å", "A").replace("ö", "o").lower()
        page.get_by_label(SEARCH).fill(typed)
        row = page.get_by_role("row").filter(has_text=order_id)
        expect(row).to_contain_text(f"Zoë {surname}")
        expect(row).to_contain_text("<b>Finn</b> & Co")  # markup in a name is text
        expect(row).to_contain_text("$100.00")
        expect(page).to_have_url(re.compile(f"query={typed}"))


def test_the_address_keeps_search_and_panel_and_back_undoes_them(
    people: People, surname: str, order_id: str
) -> None:
    with people.page(f"/orders?query={surname}") as page:
        expect(page.get_by_label(SEARCH)).to_have_value(surname)
        page.get_by_role("row").filter(has_text=order_id).get_by_text("Zoë").click()
        panel = page.get_by_role("region").filter(has=page.get_by_role("link", name="Close"))
        expect(panel).to_be_visible()
        assert f"/orders/{order_id}?query=" in page.url
        page.reload()
        expect(panel).to_be_visible()
        page.go_back()
        expect(panel).to_be_hidden()
        expect(page.get_by_label(SEARCH)).to_have_value(surname)


def test_each_search_is_one_step_back(people: People, surname: str, order_id: str) -> None:
    with people.page("/orders") as page:
        page.get_by_label(SEARCH).press_sequentially(surname, delay=20)
        expect(page).to_have_url(re.compile(f"{surname[-12:]}$"))  # all of it was searched
        expect(page.get_by_role("row")).to_have_count(2)
        expect(page.get_by_role("row").filter(has_text=order_id)).to_be_visible()
        page.go_back()
        expect(page.get_by_label(SEARCH)).to_have_value("")


def test_a_search_that_finds_nothing_says_what_to_do(people: People) -> None:
    with people.page("/orders?query=nobody+of+that+name") as page:
        expect(page.get_by_text("No order fits")).to_be_visible()
        page.get_by_role("link", name="Show all orders").click()
        expect(page.get_by_label(SEARCH)).to_have_value("")


def test_the_refund_status_is_filtered_and_shown(people: People, world: DeployedStack) -> None:
    order_id = world.sell()
    world.await_status(world.refund(order_id, {"type": "full"}), "settled")
    with people.page(f"/orders?query={order_id}") as page:
        expect(page.get_by_role("row").filter(has_text=order_id)).to_contain_text("Refunded")
        page.get_by_label("Refund status").select_option("Pending")
        expect(page.get_by_text("No order fits")).to_be_visible()
        assert "status=pending" in page.url


def test_print_status_photo_day_and_days_narrow_the_list(
    people: People, world: DeployedStack
) -> None:
    name = f"Autumn {uuid.uuid4().hex}"
    order_id = world.sell(photo_day={"photo_day_id": f"pd_{uuid.uuid4().hex}", "name": name})
    with people.page("/orders") as page:
        page.get_by_role("button", name="More filters").click()
        page.get_by_label("Photo day").fill(name)
        row = page.get_by_role("row").filter(has_text=order_id)
        expect(page.get_by_role("row")).to_have_count(2)
        expect(row).to_contain_text(name)
        page.get_by_label("Print status").select_option("Shipped")
        expect(page.get_by_text("No order fits")).to_be_visible()
        page.get_by_label("Print status").select_option("Any print status")
        page.get_by_label("Days").select_option("Last year")
        expect(page.get_by_text("No order fits")).to_be_visible()
        page.get_by_label("Days").select_option("Any day")
        page.get_by_label("Dispute").select_option("No dispute")
        expect(row).to_be_visible()
        page.reload()  # the address has them all
        expect(page.get_by_role("button", name="More filters (2)")).to_be_visible()
        expect(page.get_by_label("Photo day")).to_have_value(name)
        expect(page.get_by_role("row")).to_have_count(2)
        assert_accessible(page)
        page.get_by_role("link", name="Clear").click()
        expect(page.get_by_label("Photo day")).to_have_value("")


def test_beside_an_order_the_filters_fold_into_one_row(people: People, order_id: str) -> None:
    with people.page(f"/orders/{order_id}?query={order_id}&status=none") as page:
        filters = page.get_by_role("search")
        fold = filters.get_by_role("button", name="More filters (1)")
        expect(filters.get_by_label("Refund status")).to_be_hidden()
        folded, button = filters.bounding_box(), fold.bounding_box()
        assert folded is not None
        assert button is not None
        assert folded["height"] == button["height"]
        fold.press("Enter")
        filters.get_by_label("Refund status").select_option("Refunded")
        expect(page.get_by_text("No order fits")).to_be_visible()
        page.get_by_role("link", name="Close").click()
        # There is room again.
        expect(filters.get_by_label("Refund status")).to_be_visible()
        expect(filters.get_by_role("button", name="More filters", exact=True)).to_be_visible()


def test_days_in_the_wrong_order_are_explained_next_to_them(people: People) -> None:
    with people.page("/orders?from=2026-11-02&to=2026-11-01") as page:
        expect(page.get_by_text("This day is after the last one")).to_be_visible()
        page.get_by_label("Days").select_option("Any day")
        expect(page.get_by_role("table", name="Orders")).to_be_visible()


def test_yen_have_no_decimals(people: People, world: DeployedStack) -> None:
    order_id = world.sell(YEN_STUDIO)
    with people.page(f"/orders?query={order_id}", studio_id=YEN_STUDIO) as page:
        expect(page.get_by_role("row").filter(has_text=order_id)).to_contain_text("¥10,000")


def test_a_list_that_cannot_be_read_says_why_and_is_tried_again(people: People) -> None:
    with people.page("/settings") as page:
        problem = {"code": "internal_error", "title": "Internal error", "detail": "Try again."}
        page.route(
            "**/v1/orders?*",
            lambda route: route.fulfill(
                status=500, json=problem, content_type="application/problem+json"
            ),
        )
        page.get_by_role("link", name="Orders").click()
        expect(page.get_by_role("alert")).to_contain_text("Internal error")
        page.unroute("**/v1/orders?*")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.get_by_role("table")).to_be_visible()


def test_a_list_says_that_there_were_too_many_requests_and_is_tried_again_by_itself(
    people: People,
) -> None:
    with people.page("/settings") as page:
        words = "Your studio has used up its 3,000 lookups of this minute. Try again in 4 seconds."
        problem = {"code": "too_many_requests", "title": "Too many requests", "detail": words}
        page.route(
            "**/v1/orders?*",
            lambda route: route.fulfill(
                status=429,
                json=problem,
                content_type="application/problem+json",
                headers={"Retry-After": "4"},
            ),
            times=1,
        )
        page.get_by_role("link", name="Orders").click()
        notice = page.get_by_role("main").get_by_role("status").filter(has_text=words)
        expect(notice).to_contain_text("This page tries again by itself.")
        assert_accessible(page)
        expect(page.get_by_role("table")).to_be_visible()
        expect(notice).to_be_hidden()


def test_an_order_id_stays_in_one_piece_on_a_phone(people: People, world: DeployedStack) -> None:
    order_id = world.sell(order_id=f"ord_{uuid.uuid4().hex[:8]}")
    with people.page(f"/orders?query={order_id}") as page:
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        link = page.get_by_role("link", name=order_id)
        expect(link).to_be_visible()
        lines = link.evaluate("""(link) => {
            const text = document.createRange();
            text.selectNodeContents(link);
            return text.getClientRects().length;
        }""")
        assert lines == 1


@pytest.mark.usefixtures("order_id")
def test_the_list_is_accessible_and_fits_a_phone(people: People, surname: str) -> None:
    with people.page(f"/orders?query={surname}") as page:
        expect(page.get_by_role("table")).to_be_visible()
        assert_accessible(page)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        assert_fits(page)
        assert_accessible(page)
