"""Cells of an import file: amounts, shares and times as people and shops write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.operate.importing.cells import (
    CellError,
    amount,
    instant,
    share_of_total,
    whole_number,
    yes_or_no,
)
from infra.operate.importing.csv_records import parts_of
from infra.operate.importing.mapping import Amounts, Dates
from shared.domain.money import SUPPORTED_CURRENCIES, minor_unit_digits

MINOR = Amounts()
ENGLISH = Amounts(unit="major", thousands=",")
GERMAN = Amounts(unit="major", decimal=",", thousands=".")
SWISS = Amounts(unit="major", thousands="'")
FRENCH = Amounts(unit="major", decimal=",", thousands=" ")


@pytest.mark.parametrize(
    ("text", "currency", "amounts", "minor"),
    [
        ("1250", "usd", MINOR, 1250),
        ("12.50", "usd", ENGLISH, 1250),
        ("$1,234.50", "usd", ENGLISH, 123450),
        ("USD 12", "usd", ENGLISH, 1200),
        ("12.500", "usd", ENGLISH, 1250),
        ("-3.10", "usd", ENGLISH, -310),
        ("1.234,50 €", "eur", GERMAN, 123450),
        ("1'234.50", "chf", SWISS, 123450),
        ("1 234,50", "eur", FRENCH, 123450),
        ("1\N{NARROW NO-BREAK SPACE}234,50", "eur", FRENCH, 123450),
        ("¥1,234", "jpy", ENGLISH, 1234),
        ("1,234.00", "jpy", ENGLISH, 1234),
    ],
)
def test_an_amount_is_read_into_minor_units(
    text: str, currency: str, amounts: Amounts, minor: int
) -> None:
    assert amount(text, currency, amounts) == minor


@pytest.mark.parametrize(
    ("text", "currency", "amounts"),
    [
        ("12.50", "usd", MINOR),
        ("1,250", "usd", MINOR),
        ("12.345", "usd", ENGLISH),
        ("12.5", "jpy", ENGLISH),
        ("12,50", "usd", ENGLISH),
        ("1,23,456.00", "usd", ENGLISH),
        ("12.50", "eur", GERMAN),
        ("", "usd", ENGLISH),
        (".50", "usd", ENGLISH),
        ("12.", "usd", ENGLISH),
        ("1e3", "usd", ENGLISH),
        ("9" * 5_000, "usd", ENGLISH),
        (f"1.{'0' * 40}1", "usd", ENGLISH),
        ("NaN", "usd", ENGLISH),
        ("Dmitri", "usd", ENGLISH),
        ("\N{ARABIC-INDIC DIGIT ONE}", "usd", ENGLISH),
    ],
)
def test_an_amount_written_otherwise_is_refused(text: str, currency: str, amounts: Amounts) -> None:
    with pytest.raises(CellError, match=r"^It "):
        amount(text, currency, amounts)


@given(st.integers(0, 10**12), st.sampled_from(sorted(SUPPORTED_CURRENCIES)))
def test_every_amount_in_major_units_comes_back_in_minor_units(minor: int, currency: str) -> None:
    digits = minor_unit_digits(currency)
    major, rest = divmod(minor, 10**digits)
    written = f"{major:,}" + (f".{rest:0{digits}d}" if digits else "")
    assert amount(written, currency, ENGLISH) == minor


@pytest.mark.parametrize(
    ("share", "total", "part"),
    [
        ("15 %", 6487, 973),
        ("15%", 10, 2),
        ("2.9 % + 0.30", 10000, 320),
        ("0 %", 10000, 0),
        ("2.9 % + 0.30", 20, 20),
    ],
)
def test_a_share_of_the_total_is_rounded_half_up_and_is_at_most_the_total(
    share: str, total: int, part: int
) -> None:
    assert share_of_total(share, total, "usd", ENGLISH) == part


@pytest.mark.parametrize("share", ["15", "%", "2.999 %", "-1 %", "15 % +"])
def test_a_share_written_otherwise_is_refused(share: str) -> None:
    with pytest.raises(CellError):
        share_of_total(share, 10000, "usd", ENGLISH)


@given(st.integers(0, 10**9), st.lists(st.integers(-5, 10**6), min_size=1, max_size=20))
def test_the_parts_of_an_amount_add_up_to_it(whole: int, weights: list[int]) -> None:
    parts = parts_of(whole, weights)
    assert sum(parts) == whole
    assert all(part >= 0 for part in parts)


@pytest.mark.parametrize(
    ("text", "dates", "at"),
    [
        ("2026-09-20T17:10:00.123Z", Dates(), "2026-09-20T17:10:00.123Z"),
        ("2026-09-20 17:10", Dates(timezone="America/Chicago"), "2026-09-20T17:10:00-05:00"),
        (
            "2026-09-20 17:10:00 -0400",
            Dates(format="%Y-%m-%d %H:%M:%S %z"),
            "2026-09-20T17:10:00-04:00",
        ),
        (
            "20.09.2026 17:10",
            Dates(format="%d.%m.%Y %H:%M", timezone="Europe/Oslo"),
            "2026-09-20T17:10:00+02:00",
        ),
        # The clocks show 1:30 twice on this day.
        ("2026-11-01 01:30", Dates(timezone="America/Chicago"), "2026-11-01T01:30:00-05:00"),
    ],
)
def test_a_time_gets_its_offset(text: str, dates: Dates, at: str) -> None:
    assert instant(text, dates) == at


@pytest.mark.parametrize(
    ("text", "dates", "reason"),
    [
        ("2026-09-20 17:10", Dates(), "--timezone"),
        ("20.09.2026", Dates(timezone="UTC"), "not a time such as"),
        ("2026-09-20", Dates(format="%d.%m.%Y", timezone="UTC"), "%d.%m.%Y"),
        ("2026-03-08 02:30", Dates(timezone="America/Chicago"), "skipped"),
        ("0001-01-01 00:00", Dates(timezone="Europe/Oslo"), "end of the calendar"),
        ("9999-12-31 23:59", Dates(timezone="America/Chicago"), "end of the calendar"),
    ],
)
def test_a_time_that_is_not_exact_is_refused(text: str, dates: Dates, reason: str) -> None:
    with pytest.raises(CellError, match=reason):
        instant(text, dates)


def test_a_whole_number_and_a_yes_have_one_form_each() -> None:
    assert whole_number("12") == 12
    assert [yes_or_no(text) for text in ("TRUE", "yes", "1", "False", "no", "0")] == [
        *[True] * 3,
        *[False] * 3,
    ]
    for bad in ("12.0", "1,000", "twelve", "9" * 30):
        with pytest.raises(CellError):
            whole_number(bad)
    with pytest.raises(CellError):
        yes_or_no("maybe")
