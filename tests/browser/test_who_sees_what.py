"""The menu and the addresses of each role."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.people import People

pytestmark = pytest.mark.stack

MENUS = {
    "owner": "Orders, Print Station, Needs Attention, Refunds, Patterns, Books, Payouts, Settings",
    "staff": "Orders, Print Station, Needs Attention, Refunds, Patterns, Books, Settings",
    "bookkeeper": "Orders, Needs Attention, Refunds, Patterns, Books, Payouts, Settings",
    "print_operator": "Print Station, Settings",
}
REFUSED = "Your role cannot open this page"
ADDRESSES = {
    "Orders": "/orders",
    "Print Station": "/print-station",
    "Needs Attention": "/attention",
    "Refunds": "/reports/refunds",
    "Patterns": "/reports/patterns",
    "Books": "/reports/books",
    "Payouts": "/payouts",
    "Settings": "/settings",
}


@pytest.mark.parametrize("role", MENUS)
def test_a_role_sees_its_screens_and_no_others(people: People, role: str) -> None:
    allowed = MENUS[role].split(", ")
    with people.page("/settings", role=role) as page:
        menu = page.get_by_role("navigation", name="Main")
        for name in ADDRESSES:
            expect(menu.get_by_role("link", name=name)).to_have_count(int(name in allowed))
        for name, address in ADDRESSES.items():
            title = page.get_by_role("heading", level=1)
            if name in allowed:
                menu.get_by_role("link", name=name).click()
                expect(page).to_have_url(re.compile(f"{address}$"))
                expect(title).not_to_have_text(REFUSED)
            else:
                page.goto(address)
                expect(title).to_have_text(REFUSED)


def test_a_pps_admin_names_a_studio_and_always_sees_which(people: People) -> None:
    with people.page("/orders", role="pps_admin") as page:
        expect(page.get_by_role("heading", name="Choose a studio")).to_be_visible()
        page.goto("/orders?studio_id=st_lakeside")
        expect(page.get_by_role("main")).to_contain_text("st_lakeside")
        expect(page.get_by_role("heading", name="All Orders")).to_be_visible()
        page.get_by_role("link", name="Payouts").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Payouts")
        assert page.url.endswith("/payouts?studio_id=st_lakeside")
