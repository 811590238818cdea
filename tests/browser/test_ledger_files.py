"""Reports → Books: the ledger as a file for the bookkeeper, and Excel files of the refunds."""

import io
import re
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Download, Page, expect

from shared.clock import utc_now
from tests.browser.desk import tab_to
from tests.browser.people import PHONE, People, assert_accessible, assert_fits
from tests.e2e.payday import pay_out, studio_with_a_sale
from tests.e2e.world import DeployedStack

pytestmark = pytest.mark.stack

_EXPORT_ID = "0" * 32


@pytest.fixture(scope="module")
def refunded(world: DeployedStack) -> str:
    """An order of $100.00 that was refunded in full."""
    order_id = world.sell()
    world.await_status(world.refund(order_id, {"type": "full"}), "settled")
    return order_id


@pytest.fixture
def days() -> str:
    """What the address says about the days around today, whatever the studio's zone."""
    first, last = (utc_now() + timedelta(days=days) for days in (-2, 2))
    return f"from={first.date()}&to={last.date()}"


def _text(download: Download) -> str:
    return Path(download.path()).read_text(encoding="utf-8-sig")


def _cells(download: Download) -> set[object]:
    book = openpyxl.load_workbook(io.BytesIO(Path(download.path()).read_bytes()))
    return {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}


def _answer_with_export(page: Page, status: str) -> None:
    running = {"export_id": _EXPORT_ID, "status": "running", "url": None}
    page.route("**/v1/reports/ledger?*", lambda r: r.fulfill(status=202, json=running))
    ended = {**running, "status": status}
    page.route(f"**/v1/reports/refunds/exports/{_EXPORT_ID}*", lambda r: r.fulfill(json=ended))


def test_a_bookkeeper_downloads_the_workbook_and_the_quickbooks_file_by_keyboard_alone(
    people: People, refunded: str, days: str
) -> None:
    with people.page(f"/reports/books?{days}", role="bookkeeper") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Books")
        expect(page.get_by_role("button", name="Download")).to_be_enabled()
        tab_to(page, "Download")
        with page.expect_download() as workbook:
            page.keyboard.press("Enter")
        assert workbook.value.suggested_filename.endswith(".xlsx")
        assert refunded in _cells(workbook.value)

        page.keyboard.press("Shift+Tab")
        expect(page.get_by_role("radio", name="Excel workbook")).to_be_focused()
        for _ in ("CSV", "QuickBooks Online"):
            page.keyboard.press("ArrowDown")
        expect(page.get_by_role("radio", name="QuickBooks Online")).to_be_checked()
        expect(page.get_by_text("It names accounts such as “Due from PPS”")).to_be_visible()
        tab_to(page, "Download")
        with page.expect_download() as journal:
            page.keyboard.press("Enter")
        assert journal.value.suggested_filename.endswith("_quickbooks.csv")
        lines = [line for line in _text(journal.value).splitlines() if refunded in line]
        assert any("Due from PPS,81.80,," in line for line in lines)
        assert any("Due from PPS,,85.00," in line for line in lines)


def test_a_journal_may_have_daily_totals_and_what_was_paid_out_before(people: People) -> None:
    with people.page("/reports/books?format=beancount") as page:
        _answer_with_export(page, "failed")
        page.get_by_role("radio", name="One per day").check()
        page.get_by_role("checkbox", name="Include what was paid out").check()
        with page.expect_request("**/v1/reports/ledger?*") as asked:
            page.get_by_role("button", name="Download").click()
        assert "format=beancount&totals=day&openings=true" in asked.value.url
        page.reload()  # the address has them all
        expect(page.get_by_role("radio", name="One per day")).to_be_checked()
        expect(page.get_by_role("checkbox", name="Include what was paid out")).to_be_checked()
        assert_accessible(page)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        assert_fits(page)


def test_the_file_is_of_the_last_whole_month_unless_other_days_are_chosen(people: People) -> None:
    with people.page("/reports/books") as page:
        month = page.get_by_label("Month")
        first, last = page.get_by_label("From"), page.get_by_label("To")
        expect(first).to_have_value(re.compile("-01$"))
        ended = last.input_value()
        first.fill(ended)
        expect(month.locator("option:checked")).to_have_text("Chosen days")
        expect(page).to_have_url(re.compile(f"from={ended}&to={ended}"))
        first.fill("2999-01-01")
        expect(page.get_by_text("This day is after the last one")).to_be_visible()
        expect(page.get_by_role("button", name="Download")).to_have_attribute(
            "aria-disabled", "true"
        )


def test_an_export_that_fails_says_so_and_can_be_tried_again(people: People) -> None:
    with people.page("/reports/books", role="bookkeeper") as page:
        _answer_with_export(page, "failed")
        download = page.get_by_role("button", name="Download")
        download.click()
        expect(page.get_by_role("progressbar", name="Making the file")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("The file could not be made")
        expect(download).not_to_have_attribute("aria-disabled", "true")
        assert_accessible(page)


def test_the_refunds_report_is_saved_as_a_workbook(people: People, refunded: str) -> None:
    with people.page("/reports/refunds") as page:
        with page.expect_download() as saved:
            page.get_by_role("button", name="Export Excel").click()
        assert saved.value.suggested_filename.endswith(".xlsx")
        assert refunded in _cells(saved.value)


def test_csv_files_have_the_decimal_comma_of_a_norwegian_studio(
    people: People, world: DeployedStack, days: str
) -> None:
    studio_id = studio_with_a_sale(world, locale="nb-NO")
    pay_out(world, studio_id)
    studio = f"studio_id={studio_id}"
    with people.page(f"/settings?{studio}", role="pps_admin") as page:
        expect(page.get_by_text("As in Norwegian Bokmål (Norway): 1234,50")).to_be_visible()

        page.goto(f"/reports/books?{studio}&{days}&format=csv")
        with page.expect_download() as ledger:
            page.get_by_role("button", name="Download").click()
        assert ";81,80;" in _text(ledger.value)

        page.goto(f"/payouts?{studio}")
        page.get_by_role("table", name="Payouts").get_by_role("link").click()
        with page.expect_download() as statement:
            page.get_by_role("button", name="Download CSV").click()
        assert ";81,80" in _text(statement.value)
