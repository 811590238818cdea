"""The bookkeeper's screens: Reports → Refunds and Patterns, and Payouts."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.people import PHONE, People, assert_accessible, assert_fits
from tests.e2e.payday import pay_out, studio_with_a_sale
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack
from tests.records import line_record

pytestmark = pytest.mark.stack

HEADERS = [
    "Order ID",
    "Parent",
    "Original amount",
    "Refunded amount",
    "Rev-share adjustment",
    "Processed by",
    "Date",
]
_TOTALS = {
    "count": 2,
    "currency": "usd",
    "refunded_amount": 300,
    "rev_share_adjustment_amount": 45,
    "stripe_fee_retained_amount": 9,
    "net_deduction_amount": -255,
    "tax_refunded_amount": 0,
    "dispute_fee_amount": 0,
}


@pytest.fixture(scope="module")
def refunded(world: DeployedStack) -> str:
    """An order of $100.00 that was refunded in full."""
    order_id = world.sell()
    world.await_status(world.refund(order_id, {"type": "full"}), "settled")
    return order_id


def _row(order_id: str, amount: int) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ["failed_at", "dispute_id", "pending_reason", "failure_reason", "resolution", "source"]
    )
    return nothing | {
        "settled_at": "2026-11-20T10:00:00Z",
        "requested_at": "2026-11-20T10:00:00Z",
        "order_id": order_id,
        "refund_id": f"rf_{order_id}",
        "stripe_refund_id": None,
        "parent_name": "Ava <b>Li</b>",
        "subject_names": [],
        "original_amount": 10_000,
        "refunded_amount": amount,
        "rev_share_adjustment_amount": 15,
        "stripe_fee_retained_amount": 3,
        "net_deduction_amount": -85,
        "tax_refunded_amount": 0,
        "dispute_fee_amount": 0,
        "currency": "usd",
        "type": "full",
        "reason": "wrong_print",
        "status": "settled",
        "processed_by": "staff",
    }


def _answer_with_pages(page: Page) -> None:
    """Answer the report with two pages, without making fifty refunds for the second one."""

    def answer(route: Route) -> None:
        second = "cursor=second" in route.request.url
        body = {
            "from": "2026-11-01",
            "to": "2026-11-30",
            "totals": _TOTALS,
            "items": [_row("ord_b", 200)] if second else [_row(f"ord_a{n}", 2) for n in range(50)],
            "next_cursor": None if second else "second",
        }
        route.fulfill(json=body)

    page.route("**/v1/reports/refunds?*", answer)


def test_the_report_has_the_guides_columns_and_leads_to_the_order(
    people: People, refunded: str
) -> None:
    with people.page("/reports/refunds", role="bookkeeper") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Refunds")
        table = page.get_by_role("table", name="Refunds", exact=True)
        row = table.get_by_role("row").filter(has_text=refunded)
        expect(row).to_contain_text("$100.00")
        expect(row).to_contain_text("+$15.00")
        assert table.get_by_role("columnheader").all_text_contents() == HEADERS
        # The charts, the figures and the table's foot are the same sums of the API.
        total = table.locator("tfoot").get_by_role("cell").nth(1).text_content()
        expect(page.get_by_label("Totals of all pages")).to_contain_text(total or "no total")
        expect(page.get_by_role("table", name="Refunded by reason")).to_contain_text("Poor quality")
        page.get_by_text("Show the figures").click()
        expect(page.get_by_role("table", name="Refunded by day")).to_be_visible()
        assert_accessible(page)
        row.get_by_text("$100.00").first.click()
        expect(page.get_by_role("heading", name=f"Order {refunded}")).to_be_visible()


def test_a_report_of_too_many_refunds_has_its_rows_and_offers_the_export(people: People) -> None:
    with people.page("/settings") as page:
        page.route(
            "**/v1/reports/refunds?*",
            lambda route: route.fulfill(
                json={
                    "from": "2026-01-01",
                    "to": "2026-12-31",
                    "totals": None,
                    "items": [_row(f"ord_a{number}", 2) for number in range(50)],
                    "next_cursor": "second",
                    "filters": [],
                }
            ),
        )
        too_large = {"code": "date_range_too_large", "title": "-", "detail": "Ask for fewer days."}
        page.route(
            "**/v1/reports/refunds/summary?*",
            lambda route: route.fulfill(
                status=422, content_type="application/problem+json", json=too_large
            ),
        )
        page.get_by_role("link", name="Refunds").click()
        expect(page.get_by_role("table", name="Refunds", exact=True)).to_contain_text("ord_a49")
        expect(page.get_by_text("Too many refunds to add up here")).to_be_visible()
        expect(page.get_by_role("button", name="Export CSV")).to_have_count(2)
        expect(page.get_by_text("Ask for fewer days.")).to_have_count(0)
        assert_accessible(page)


def test_totals_stay_across_pages_and_names_are_text(people: People) -> None:
    with people.page("/settings") as page:
        _answer_with_pages(page)
        page.get_by_role("link", name="Refunds").click()
        table = page.get_by_role("table", name="Refunds", exact=True)
        expect(table).to_contain_text("Ava <b>Li</b>")
        foot = table.locator("tfoot")
        expect(foot).to_contain_text("$3.00")
        page.get_by_role("link", name="Next page").click()
        expect(table).to_contain_text("ord_b")
        expect(foot).to_contain_text("$3.00")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        assert_fits(page)


def test_refunded_tax_is_shown_by_jurisdiction_and_rate_if_imports_give_it(
    people: People, world: DeployedStack
) -> None:
    with people.page("/reports/refunds", role="bookkeeper") as page:
        expect(page.get_by_role("table", name="Refunds", exact=True)).to_be_visible()
        without_parts = {
            "from": "2026-11-01",
            "to": "2026-11-30",
            "currency": "usd",
            "items": [{"jurisdiction": None, "rate": None, "count": 1, "amount": 80}],
            "tax_refunded_amount": 80,
        }
        page.route("**/v1/reports/refunds/taxes*", lambda route: route.fulfill(json=without_parts))
        with page.expect_response("**/v1/reports/refunds/taxes*"):
            page.reload()
        expect(page.get_by_role("table", name="Refunds", exact=True)).to_be_visible()
        expect(page.get_by_role("heading", name="Refunded tax")).to_have_count(0)
        page.unroute("**/v1/reports/refunds/taxes*")

        taxes = [
            {"jurisdiction": "US-IL", "rate": "6.25", "amount": 625},
            {"jurisdiction": "US-IL <i>Cook</i>", "rate": "1.750", "amount": 175},
        ]
        line = line_record("li_1", 1, 9_200, tax_amount=800, taxes=taxes)
        refund = world.refund(world.sell(line_items=[line]), {"type": "full"})
        world.await_status(refund, "settled")
        page.reload()
        table = page.get_by_role("table", name="Refunded tax")
        expect(table.get_by_role("row").filter(has_text="US-IL <i>Cook</i>")).to_contain_text(
            "1.75%$1.75"
        )
        expect(table.get_by_role("row").filter(has_text="6.25%")).to_contain_text("$6.25")
        expect(table.locator("tfoot")).to_contain_text("$8.00")
        assert_accessible(page)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        assert_fits(page)


def test_days_in_the_wrong_order_are_explained_next_to_them(people: People) -> None:
    with people.page("/reports/refunds?from=2026-11-02&to=2026-11-01") as page:
        expect(page.get_by_text("This day is after the last one")).to_be_visible()
        expect(page.get_by_label("From")).to_have_attribute("aria-invalid", "true")
        page.get_by_label("Days").select_option("Last 31 days")
        expect(page.get_by_role("table", name="Refunds", exact=True)).to_be_visible()


def test_a_csv_file_is_saved_and_a_large_one_says_that_it_is_made(
    people: People, refunded: str
) -> None:
    with people.page("/reports/refunds") as page:
        export = page.get_by_role("button", name="Export CSV")
        with page.expect_download() as small:
            export.click()
        assert refunded in small.value.path().read_text(encoding="utf-8-sig")

        running = {"export_id": "ex_1", "status": "running", "url": "/exports/ex_1"}
        done = {**running, "status": "failed", "url": None}
        page.route(
            "**/v1/reports/refunds?*format=csv*", lambda r: r.fulfill(status=202, json=running)
        )
        page.route("**/v1/reports/refunds/exports/ex_1*", lambda r: r.fulfill(json=done))
        export.click()
        expect(page.get_by_role("progressbar", name="Making the file")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("The file could not be made")


def test_an_outlier_leads_to_its_refunds_in_one_click(people: People, refunded: str) -> None:
    outlier = {"key": "sub_1", "name": "Finn Li", "orders": 9, "refunded_orders": 8}
    compared = {"compared_with": "other_orders", "compared_orders": 90, "p_value": "1.0e-05"}
    found = {
        "from": "2026-01-01",
        "to": "2026-12-31",
        "by": "subject",
        "currency": "usd",
        "orders": 99,
        "refunded_orders": 9,
        "refund_count": 9,
        "refunded_amount": 90_000,
        "items": [
            {**outlier, "refund_rate": "0.8889", "refund_count": 8, "refunded_amount": 80_000}
        ],
        "truncated": False,
        "summary": "One subject stands out.",
        "standing_out": [
            {
                **outlier,
                **compared,
                "refund_rate": "0.8889",
                "compared_refunded_orders": 1,
                "compared_refund_rate": "0.0111",
                "statement": "8 of 9 orders with Finn Li were refunded; elsewhere 1 of 90.",
            }
        ],
    }
    with people.page("/settings") as page:
        page.route("**/v1/reports/refunds/patterns?*", lambda route: route.fulfill(json=found))
        page.get_by_role("link", name="Patterns").click()
        expect(page.get_by_text("8 of 9 orders with Finn Li were refunded")).to_be_visible()
        row = page.get_by_role("row").filter(has_text="Finn Li")
        expect(row).to_contain_text("88.89%")
        expect(row).to_contain_text("Stands out")
        assert_accessible(page)
        page.get_by_role("link", name="See the refunds").click()
        # As the report itself calls the subject: the pattern's name above is made up.
        expect(page.get_by_text("Subject: Bartholomew Testparent")).to_be_visible()
        expect(page.get_by_role("table", name="Refunds", exact=True)).to_contain_text(refunded)
        asked = parse_qs(urlsplit(page.url).query)
        # Only ids: names stay out of addresses, which are logged.
        assert asked.keys() == {"subject", "effective", "from", "to"}


def test_a_deduction_line_links_to_its_refund(people: People, refunded: str) -> None:
    with people.page("/payouts", role="bookkeeper") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Payouts")
        deductions = page.get_by_role("table", name="Deductions")
        line = deductions.get_by_role("row").filter(has_text=refunded)
        expect(line).to_contain_text("\N{MINUS SIGN}$85.00")
        expect(page.get_by_role("table", name="Where the money goes")).to_contain_text("Refunds")
        line.get_by_role("link").click()
        expect(page.get_by_role("heading", name=f"Order {refunded}")).to_be_visible()
        assert "refund=rf_" in page.url
        panel = page.get_by_role("region", name=f"Order {refunded}")
        expect(panel.locator("li[aria-current=true]")).to_contain_text("$100.00")


def test_a_statement_prints_on_letter_and_a4_with_its_totals(
    people: People, world: DeployedStack
) -> None:
    studio_id = studio_with_a_sale(world)
    pay_out(world, studio_id)
    with people.page(f"/payouts?studio_id={studio_id}", role="pps_admin") as page:
        history = page.get_by_role("table", name="Payouts")
        history.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Payout statement")
        expect(page.get_by_role("table", name="Sales")).to_contain_text("+$81.80")
        assert_accessible(page)
        page.emulate_media(media="print")
        expect(page.get_by_text("Total of 1 line")).to_be_visible()
        expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
        expect(page.get_by_role("button", name="Print")).to_be_hidden()
        for paper in ("Letter", "A4"):
            printed = page.pdf(format=paper)
            assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1, paper


def test_a_statement_with_too_many_lines_is_exported_and_prints_its_sums(
    people: People, world: DeployedStack
) -> None:
    studio_id = studio_with_a_sale(world)
    pay_out(world, studio_id)

    def with_more_lines(route: Route) -> None:
        """Answer the first lines with a next page, and that page with no line and another page."""
        path, _, query = route.request.url.partition("/v1")[2].partition("?")
        is_first = "cursor=" not in query
        payout = world.call("GET", f"{path}?studio_id={studio_id}", role="pps_admin").json()
        lines = payout["lines"] * 2_000 if is_first else []
        route.fulfill(json={**payout, "lines": lines, "next_cursor": "more"})

    with people.page(f"/payouts?studio_id={studio_id}", role="pps_admin") as page:
        page.route("**/v1/payouts/po_*", with_more_lines)
        page.get_by_role("table", name="Payouts").get_by_role("link").click()
        expect(page.get_by_text("a printout has the sums alone")).to_be_visible()
        running = {"export_id": "ex_1", "status": "running", "url": "/exports/ex_1"}
        failed = {**running, "status": "failed", "url": None}
        page.route("**/v1/payouts/po_*format=csv*", lambda r: r.fulfill(status=202, json=running))
        page.route("**/v1/reports/refunds/exports/ex_1*", lambda r: r.fulfill(json=failed))
        page.get_by_role("button", name="Download CSV").click()
        expect(page.get_by_role("progressbar", name="Making the file")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("The file could not be made")
        page.emulate_media(media="print")
        expect(page.get_by_text("This payout has too many lines to print.")).to_be_visible()
        sales = page.get_by_role("table", name="Sales")
        expect(sales).to_contain_text("+$81.80")
        expect(sales.locator("tbody")).to_be_hidden()


def test_a_payout_that_is_not_there_is_said_so(people: People) -> None:
    with people.page("/payouts/po_nobody_2020-01-01", studio_id=PLATFORM_STUDIO) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("There is no such payout")
        page.get_by_role("link", name="Show all payouts").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Payouts")
