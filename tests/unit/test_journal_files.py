"""The journal's files, read by the programs that they are for."""

import csv
import io
import shutil
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from beancount import loader
from beancount.core.data import Open, Transaction
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.export import TABLES, ExportForm
from shared.domain.journal import JournalLine, JournalRole, JournalTransaction
from shared.domain.journal_totals import daily_totals
from shared.views.journal.beancount import beancount
from shared.views.journal.files import FILES
from shared.views.journal.quickbooks import journal_number

from .journal_readers import (
    by_account,
    read_by_beancount,
    read_by_hledger,
    read_quickbooks,
    read_xero,
)
from .journals import (
    DECIMALS,
    book,
    expected_balances,
    ledger_of_every_kind,
    whole_journal,
    written,
)

HLEDGER, BEANCOUNT = ExportForm.HLEDGER, ExportForm.BEANCOUNT
QUICKBOOKS, XERO = ExportForm.QUICKBOOKS, ExportForm.XERO

each_format = pytest.mark.parametrize("form", FILES)
each_currency = pytest.mark.parametrize("currency", DECIMALS)

SALE = JournalTransaction(
    studio_id="st_lakeside",
    number="20",
    day=date(2026, 10, 4),
    description="Sale of order ord_100",
    currency="usd",
    lines=(JournalLine(JournalRole.RECEIVABLE, 8_180), JournalLine(JournalRole.SALES, -8_180)),
)


def described(text: str) -> JournalTransaction:
    return replace(SALE, description=text)


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def endless(drawn: list[int]) -> Iterator[JournalTransaction]:
    """Yield transactions without end, and note each one that is taken."""
    number = 0
    while True:
        number += 1
        drawn.append(number)
        yield replace(SALE, number=str(number))


# All formats.


def test_every_format_has_a_file() -> None:
    assert set(FILES) == set(ExportForm) - TABLES


@each_format
@each_currency
def test_the_same_journal_gives_the_same_bytes(form: ExportForm, currency: str) -> None:
    once = written(form, whole_journal(ledger_of_every_kind(currency)), currency)
    again = written(form, whole_journal(ledger_of_every_kind(currency)), currency)
    assert once.encode() == again.encode()


@each_format
def test_a_transaction_is_written_before_the_next_one_is_read(form: ExportForm) -> None:
    drawn: list[int] = []
    text = FILES[form].write(book(form, "usd"), endless(drawn))
    next(text)  # the head of the file
    for count in range(1, 100):
        assert next(text)
        assert len(drawn) == count


@each_format
def test_a_long_journal_takes_no_more_memory_than_a_short_one(form: ExportForm) -> None:
    def peak(count: int) -> int:
        journal = (replace(SALE, number=str(number)) for number in range(count))
        tracemalloc.start()
        try:
            for text in FILES[form].write(book(form, "usd"), journal):
                assert text
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)  # fills the caches
    assert peak(5_000) < peak(500) + 20_000


# beancount.


@each_currency
def test_beancount_reads_the_balances_of_the_ledger(currency: str) -> None:
    entries = ledger_of_every_kind(currency)
    text = written(BEANCOUNT, whole_journal(entries), currency)
    assert read_by_beancount(text) == by_account(expected_balances(entries), BEANCOUNT, currency)


@each_currency
def test_beancount_reads_the_balances_of_daily_totals(currency: str) -> None:
    entries = ledger_of_every_kind(currency)
    text = written(BEANCOUNT, daily_totals(whole_journal(entries)), currency)
    assert read_by_beancount(text) == by_account(expected_balances(entries), BEANCOUNT, currency)


def test_a_transaction_in_beancount_has_its_day_words_and_reference() -> None:
    text = "".join(beancount(book(BEANCOUNT, "usd"), [SALE]))
    entries, _, options = loader.load_string(text)
    (sale,) = [each for each in entries if isinstance(each, Transaction)]
    assert (sale.date, sale.narration) == (date(2026, 10, 4), "Sale of order ord_100")
    assert sale.meta["reference"] == "st_lakeside-20"
    assert options["title"] == 'Müller & "Söhne"'


def test_beancount_has_every_account_open_before_any_entry() -> None:
    entries, _, _ = loader.load_string(written(BEANCOUNT, [], "usd"))
    opened = [each for each in entries if isinstance(each, Open)]
    assert len(opened) == len(JournalRole)
    assert all(each.date < date(2000, 1, 1) and each.currencies == ["USD"] for each in opened)


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_beancount_reads_any_description_as_it_is(text: str) -> None:
    entries, errors, _ = loader.load_string(written(BEANCOUNT, [described(text)], "usd"))
    assert errors == []
    (sale,) = [each for each in entries if isinstance(each, Transaction)]
    assert sale.narration == text


# hledger.


def test_hledgers_file_is_as_its_manual_says() -> None:
    assert written(HLEDGER, [described("Adjustment adj_1: a; b | c")], "usd").endswith(
        "account Equity:Opening-Balances\n"
        "\n"
        "2026-10-04 * (st_lakeside-20) Adjustment adj_1: a, b / c\n"
        "    Assets:PPS-Receivable  81.80 USD\n"
        "    Income:Sales  -81.80 USD\n"
    )


@each_currency
def test_hledger_reads_the_balances_of_the_ledger(currency: str) -> None:
    program = shutil.which("hledger")
    if program is None:
        pytest.skip("hledger is not on the PATH")
    entries = ledger_of_every_kind(currency)
    text = written(HLEDGER, whole_journal(entries), currency)
    expected = by_account(expected_balances(entries), HLEDGER, currency)
    assert read_by_hledger(program, text) == expected


# QuickBooks.


@each_currency
def test_quickbooks_gets_the_balances_of_the_ledger(currency: str) -> None:
    entries = ledger_of_every_kind(currency)
    text = written(QUICKBOOKS, whole_journal(entries), currency)
    assert read_quickbooks(text) == by_account(expected_balances(entries), QUICKBOOKS, currency)


def test_a_row_for_quickbooks_has_a_debit_or_a_credit() -> None:
    debit, credit = cells(written(QUICKBOOKS, [SALE], "usd"))
    assert debit == {
        "*JournalNo": "st_lakeside-20",
        "*JournalDate": "10/04/2026",
        "*AccountName": "Due from PPS",
        "*Debits": "81.80",
        "*Credits": "",
        "Description": "Sale of order ord_100",
        "Name": "",
        "Currency": "USD",
    }
    assert (credit["*AccountName"], credit["*Debits"], credit["*Credits"]) == (
        "PPS sales",
        "",
        "81.80",
    )


@pytest.mark.parametrize(
    ("studio_id", "number"),
    [
        ("st_1", "999999999999"),
        ("a" * 64, "999999999999"),
        ("a" * 64, "2026-10-14"),
        ("-" + "a" * 7, "999999999999"),
    ],
)
def test_a_journal_number_fits_into_quickbooks(studio_id: str, number: str) -> None:
    found = journal_number(replace(SALE, studio_id=studio_id, number=number))
    assert len(found) <= 21
    assert found.endswith(f"-{number}")


def test_studios_with_long_ids_have_journal_numbers_of_their_own() -> None:
    numbers = {journal_number(replace(SALE, studio_id="a" * 63 + last)) for last in "bcd"}
    assert len(numbers) == 3


# Xero.


@each_currency
def test_xero_gets_the_balances_of_the_ledger(currency: str) -> None:
    entries = ledger_of_every_kind(currency)
    text = written(XERO, whole_journal(entries), currency)
    assert read_xero(text) == by_account(expected_balances(entries), XERO, currency)


def test_a_row_for_xero_has_a_signed_amount_and_a_tax_rate_that_adds_nothing() -> None:
    debit, credit = cells(written(XERO, [SALE], "usd"))
    assert debit == {
        "*Narration": "st_lakeside-20: Sale of order ord_100",
        "*Date": "04 Oct 2026",
        "Description": "Sale of order ord_100",
        "*AccountCode": "PPSOWES",
        "*TaxRate": "Tax Exempt",
        "*Amount": "81.80",
    }
    assert (credit["*AccountCode"], credit["*Amount"]) == ("PPSSALES", "-81.80")


# Spreadsheets.


@pytest.mark.parametrize("form", [QUICKBOOKS, XERO])
def test_no_text_in_a_csv_is_a_formula(form: ExportForm) -> None:
    text = written(form, [described('=HYPERLINK("x")')], "usd")
    assert {row["Description"] for row in cells(text)} == {'\'=HYPERLINK("x")'}


@pytest.mark.parametrize("form", [QUICKBOOKS, XERO])
def test_an_import_finds_its_first_column_by_name(form: ExportForm) -> None:
    assert written(form, [], "usd").startswith("*")
