"""When payouts are due, and which days they cover."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.import_orders.bodies import StudioBody
from shared.clock import rfc3339
from shared.domain.payout import Payout, payout_id_of
from shared.domain.payout_booking import next_period
from shared.domain.payout_schedule import Interval, PayoutSchedule

from .payout_ledgers import CHICAGO, ledger, paid_out

PAYOUT = paid_out(ledger(1)[1]).payout

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


@st.composite
def changes_of_schedule(draw: st.DrawFn) -> list[tuple[PayoutSchedule, datetime, bool]]:
    """Draw when a studio's payouts are run, under which schedule, and whether between two days."""
    zone, now = draw(zones), draw(moments)
    found = []
    for _ in range(draw(st.integers(1, 12))):
        schedule = PayoutSchedule(draw(st.sampled_from(Interval)), draw(st.integers(0, 6)), zone)
        now += draw(st.timedeltas(timedelta(seconds=1), timedelta(days=40)))
        found.append((schedule, now, draw(st.booleans())))
    return found


@given(changes_of_schedule())
def test_periods_follow_one_another_however_the_schedule_changes(
    runs: list[tuple[PayoutSchedule, datetime, bool]],
) -> None:
    first_schedule, began, _ = runs[0]
    began_at = rfc3339(first_schedule.day_start(began))
    previous: Payout | None = None
    ids: list[str] = []
    for schedule, now, is_off_cycle in runs:
        end = rfc3339(now if is_off_cycle else schedule.latest_end(now))
        period = next_period(previous, began_at, end, schedule.zone)
        if period is None:
            # Nothing that ended is left out: a payout was made since, or that time is paid already.
            assert previous is None or end <= max(previous.period_ended_at, previous.closed_at)
            continue
        assert period.started_at == (previous.period_ended_at if previous else began_at)
        assert period.started_at < period.ended_at == end <= rfc3339(now)
        assert period.first <= period.last
        payout_id = payout_id_of("st_1", period, previous)
        ids.append(payout_id)
        previous = replace(
            PAYOUT,
            payout_id=payout_id,
            period_ended_at=period.ended_at,
            closed_at=rfc3339(now),
        )
    assert ids == sorted(set(ids))


@given(schedules, schedules, moments)
def test_a_new_schedule_pays_on_its_own_next_day(
    before: PayoutSchedule, other: PayoutSchedule, changed_at: datetime
) -> None:
    after = replace(other, zone=before.zone)
    paid_at = before.latest_end(changed_at)
    previous = replace(PAYOUT, period_ended_at=rfc3339(paid_at), closed_at=rfc3339(changed_at))
    due = after.next_due(changed_at)
    assert (
        due - changed_at
        <= {
            Interval.DAILY: timedelta(hours=25),
            Interval.WEEKLY: timedelta(days=7, hours=1),
            Interval.MONTHLY: timedelta(days=31, hours=1),
        }[after.interval]
    )
    period = next_period(previous, "", rfc3339(after.latest_end(due)), after.zone)
    assert period is not None
    assert (period.started_at, period.ended_at) == (rfc3339(paid_at), rfc3339(due))


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
