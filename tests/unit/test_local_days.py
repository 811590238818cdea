"""A studio's days, in its own time zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import DateRangeError
from shared.domain.local_days import LocalDays, local_days

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 1, 3, 30, tzinfo=UTC)  # in Chicago it is still October


def test_a_day_begins_at_the_studio_s_midnight() -> None:
    days = local_days("2026-09-20", "2026-09-20", CHICAGO, NOW, 90)
    assert days.start == datetime(2026, 9, 20, 5, tzinfo=UTC)
    assert days.end == datetime(2026, 9, 21, 5, tzinfo=UTC)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25)])
def test_a_day_when_the_clocks_change_is_one_day(day: str, hours: int) -> None:
    days = local_days(day, day, CHICAGO, NOW, 90)
    assert days.end - days.start == timedelta(hours=hours)


def test_missing_dates_are_filled_in_up_to_the_studio_s_today() -> None:
    days = local_days(None, None, CHICAGO, NOW, 90)
    assert (days.first, days.last) == (date(2026, 8, 3), date(2026, 10, 31))
    assert local_days(None, "2026-09-30", CHICAGO, NOW, 30).first == date(2026, 9, 1)
    assert local_days("2026-10-30", None, CHICAGO, NOW, 90).last == date(2026, 10, 31)


@given(st.dates(date(2001, 1, 1), date(2100, 1, 1)), st.integers(0, 400))
def test_the_period_before_has_as_many_days_and_ends_where_the_range_begins(
    first: date, more: int
) -> None:
    days = LocalDays(first, first + timedelta(days=more), CHICAGO)
    before = days.before()
    assert before.end == days.start
    assert before.last - before.first == days.last - days.first


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-10-02", "2026-10-01"),
        ("2026-12-01", None),
        ("2026-02-30", None),
        ("0001-01-01", "2026-10-01"),
        ("2026-10-01", "9999-12-31"),
        ("yesterday", None),
        ("", None),
    ],
)
def test_an_invalid_range_is_refused(first: str, last: str | None) -> None:
    with pytest.raises(DateRangeError):
        local_days(first, last, CHICAGO, NOW, 90)
