"""The workbook: two readers of other makers see dates, numbers and ids as they are."""

import io
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from functions.export_report.workbook import workbook_chunks
from shared.domain.money import SUPPORTED_CURRENCIES, minor_unit_digits
from shared.domain.report import ReportRow
from shared.views.report_columns import COLUMNS

from .test_report_csv import CHICAGO, NASTY, ROW

# What spreadsheets make numbers, dates or truth values of when they open a CSV file.
TEMPTING_IDS = [
    "000123",
    "1E5",
    "0001E5",
    "MAR1",
    "2-3",
    "2026-03-04",
    "TRUE",
    "1234567890123456789",
]


def written(*rows: ReportRow, zone: ZoneInfo = CHICAGO) -> bytes:
    return b"".join(workbook_chunks("Refunds", COLUMNS, rows, zone))


def opened(content: bytes) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Refunds"]
    names, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, names), row, strict=True)) for row in rows]


def opened_elsewhere(content: bytes) -> list[dict[str, Any]]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Refunds")
    names, *rows = sheet.to_python()
    return [dict(zip(map(str, names), row, strict=True)) for row in rows]


def test_amounts_are_numbers_and_times_are_dates_in_both_readers() -> None:
    content = written(ROW)
    for (row,) in (opened(content), opened_elsewhere(content)):
        assert row["refunded_amount"] == 25.5
        assert row["net_deduction_amount"] == -21.67
        assert row["settled_at"] == datetime(2026, 11, 1, 1, 30)  # noqa: DTZ001  # as spreadsheets have it
        assert row["settled_at_utc"] == datetime(2026, 11, 1, 6, 30)  # noqa: DTZ001  # the same
        assert row["placed_at_utc"] == datetime(2026, 10, 14, 17, 4)  # noqa: DTZ001  # the same
        assert row["utc_offset"] == "UTC-05:00"


@pytest.mark.parametrize("order_id", TEMPTING_IDS)
def test_an_id_stays_the_text_that_it_is(order_id: str) -> None:
    content = written(replace(ROW, order_id=order_id))
    for (row,) in (opened(content), opened_elsewhere(content)):
        assert row["order_id"] == order_id


@pytest.mark.parametrize("name", ["=1+1", "https://evil.example", "{=A1}", "internal:Sheet1!A1"])
def test_a_name_becomes_neither_a_formula_nor_a_link(name: str) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written(replace(ROW, parent_name=name))))["Refunds"]
    names = [cell.value for cell in sheet[1]]
    cell = sheet[2][names.index("parent_name")]
    assert (cell.value, cell.data_type, cell.hyperlink) == (name, "s", None)


@given(st.integers(-(10**12), 10**12), st.sampled_from(sorted(SUPPORTED_CURRENCIES)))
def test_an_amount_keeps_every_minor_unit(amount: int, currency: str) -> None:
    content = written(replace(ROW, refunded_amount=amount, currency=currency))
    (row,) = opened(content)
    digits = minor_unit_digits(currency)
    assert round(Decimal(repr(row["refunded_amount"])), digits).scaleb(digits) == amount


@given(NASTY)
def test_any_name_can_be_written_and_the_file_opened(name: str) -> None:
    (row,) = opened_elsewhere(written(replace(ROW, parent_name=name)))
    assert row["order_id"] == "ord_1"


def test_the_heading_stays_in_view_and_the_columns_are_wide_enough() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written(ROW)))["Refunds"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref is not None
    # Columns of one width are stored as a group.
    widths = {
        place: group.width
        for group in sheet.column_dimensions.values()
        for place in range(group.min or 0, (group.max or 0) + 1)
    }
    for place, cell in enumerate(sheet[1], 1):
        assert widths[place] > len(str(cell.value))


@pytest.mark.parametrize(("currency", "shown"), [("usd", "#,##0.00"), ("jpy", "#,##0")])
def test_an_amount_shows_the_decimals_of_its_currency(currency: str, shown: str) -> None:
    content = written(replace(ROW, currency=currency))
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Refunds"]
    names = [cell.value for cell in sheet[1]]
    assert sheet[2][names.index("refunded_amount")].number_format == shown


def test_a_report_without_rows_has_its_heading() -> None:
    assert opened(written()) == []
