"""When payouts are due, and which days they cover."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.import_orders.bodies import StudioBody
from shared.domain.payout_schedule import Interval, PayoutSchedule

from .payout_ledgers import CHICAGO

STUDIO_LINE = {
    "studio_id": "st_1",
    "name": "Lakeside School Portraits",
    "timezone": "America/Chicago",
    "currency": "usd",
    "rev_share_bps": 1500,
    "from_address": "orders@lakeside.example",
    "negative_balance_limit": 0,
}


zones = st.sampled_from(
    # In the last two zones a day can begin at 1:00, when the clocks change.
    ["America/Chicago", "Europe/Oslo", "Asia/Kathmandu", "UTC", "America/Havana", "Asia/Beirut"]
).map(ZoneInfo)


schedules = st.builds(PayoutSchedule, st.sampled_from(Interval), st.integers(0, 6), zones)


moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the zone is given beside it


@given(schedules, moments)
def test_the_next_payout_is_the_first_one_due_after_now(
    schedule: PayoutSchedule, now: datetime
) -> None:
    latest = schedule.latest(now)
    due = schedule.next_due(now)
    assert schedule.begins(latest) <= now < due
    assert schedule.latest(due) == schedule.following(latest)
    assert schedule.latest(due - timedelta(seconds=1)) == latest


@given(schedules, moments)
def test_periods_follow_one_another_without_gap_or_overlap(
    schedule: PayoutSchedule, now: datetime
) -> None:
    day = schedule.latest(now)
    first = schedule.period(day, None)
    second = schedule.period(schedule.following(day), first.last)
    assert first.last == day - timedelta(days=1)
    assert second.first == first.last + timedelta(days=1) == day
    assert first.first <= first.last
    assert schedule.period(schedule.following(day), None) == second


@pytest.mark.parametrize(
    ("now", "due"),
    [
        # Sunday night in Chicago, summer and winter; the clocks change on 8 March and 1 November.
        ("2026-03-07T12:00:00Z", "2026-03-09T05:00:00Z"),
        ("2026-03-02T12:00:00Z", "2026-03-09T05:00:00Z"),
        ("2026-10-31T12:00:00Z", "2026-11-02T06:00:00Z"),
        ("2026-11-02T05:59:59Z", "2026-11-02T06:00:00Z"),
        ("2026-11-02T06:00:00Z", "2026-11-09T06:00:00Z"),
    ],
)
def test_a_week_ends_at_the_studios_midnight_even_when_the_clocks_change(
    now: str, due: str
) -> None:
    schedule = PayoutSchedule(Interval.WEEKLY, 0, CHICAGO)
    assert schedule.next_due(datetime.fromisoformat(now)) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("chosen", "due"),
    [
        (None, "2026-10-19T05:00:00+00:00"),
        ("weekly", "2026-10-19T05:00:00+00:00"),
        ("daily", "2026-10-15T05:00:00+00:00"),
        ("monthly", "2026-11-01T05:00:00+00:00"),
        ({"interval": "weekly", "weekday": 4}, "2026-10-16T05:00:00+00:00"),
        ({"interval": "weekly", "weekday": 2}, "2026-10-21T05:00:00+00:00"),
        ({"interval": "monthly", "weekday": 4}, "2026-11-01T05:00:00+00:00"),
    ],
)
def test_a_studio_is_due_by_its_own_schedule(chosen: object, due: str) -> None:
    line = {**STUDIO_LINE, "payout_schedule": chosen}
    schedule = StudioBody.model_validate(line).studio().payout_schedule
    now = datetime(2026, 10, 14, 17, 4, tzinfo=UTC)  # a Wednesday
    assert schedule.next_due(now).isoformat() == due
