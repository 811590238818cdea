"""A payout holds what was recorded in its period, whenever it is made and however that changes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from functions.run_payouts.close_payout import NotClosed
from shared.clock import rfc3339
from shared.domain.payout import MOST_PER_DAY, Payout
from tests.at_once import at_once
from tests.integration.backend import Backend, MakeBackend
from tests.integration.studio_payouts import ACCOUNT, NET, StudioPayouts, assert_nothing_is_lost

pytestmark = pytest.mark.stack

CHICAGO = ZoneInfo("America/Chicago")


def begin_at(backend: Backend, day: str) -> None:
    """Let the clock of a studio stand at a time in Chicago, in some coming year."""
    at = datetime.fromisoformat(day).replace(tzinfo=CHICAGO)
    backend.clock.ahead = at.astimezone(UTC) - datetime.now(UTC)


def studio_paid(make_backend: MakeBackend, schedule: str, day: str) -> StudioPayouts:
    """Return a studio that is imported at a time in Chicago, with a payout schedule."""
    backend = make_backend(studio={"payout_account_id": ACCOUNT, "payout_schedule": schedule})
    begin_at(backend, day)
    payouts = StudioPayouts(backend)
    payouts.run()  # nothing is due any more since the studio was imported
    return payouts


def run_until(payouts: StudioPayouts, day: str) -> list[str]:
    """Run the payouts each hour until a time in Chicago; return the outcomes."""
    outcomes: list[str] = []
    end = datetime.fromisoformat(day).replace(tzinfo=CHICAGO)
    while payouts.backend.clock() < end:
        payouts.backend.clock.ahead += timedelta(hours=1)
        outcomes += payouts.run().done.elements()
    return outcomes


def change_schedule(payouts: StudioPayouts, schedule: str) -> None:
    payouts.backend.studio["payout_schedule"] = schedule
    assert payouts.backend.import_studio(update=True).updated == 1


def assert_lines_lie_in_their_periods(payouts: StudioPayouts) -> None:
    made = payouts.all()[::-1]
    for before, after in pairwise(made):
        assert before.period_ended_at == after.period_started_at
        assert before.payout_id < after.payout_id
    for payout in made:
        assert payout.period_started_at < payout.period_ended_at <= payout.closed_at
        for line in payouts.lines_of(payout):
            if line.recorded_at is not None:
                assert payout.period_started_at <= line.recorded_at < payout.period_ended_at


def days(payout: Payout) -> tuple[str, str]:
    return payout.period_start, payout.period_end


def test_a_sale_after_midnight_is_in_the_next_payout_although_the_run_comes_later(
    make_backend: MakeBackend,
) -> None:
    payouts = studio_paid(make_backend, "daily", "2027-03-03T20:00")
    backend = payouts.backend
    first = backend.sell()
    begin_at(backend, "2027-03-04T00:20")
    second = backend.sell()
    refunded = backend.refund_and_settle(first, 2500)
    begin_at(backend, "2027-03-04T00:40")
    assert dict(payouts.run().done) == {"PayoutPaid": 1}

    payout = payouts.last()
    assert days(payout) == ("2027-03-03", "2027-03-03")
    assert payout.period_started_at == "2027-03-03T06:00:00.000Z"
    assert payout.period_ended_at == "2027-03-04T06:00:00.000Z"
    assert [line.order_id for line in payouts.lines_of(payout)] == [first]
    assert payout.paid_amount == NET
    assert [line.order_id for line in payouts.next().page.lines] == [second, first]
    assert payouts.next().period_started_at == payout.period_ended_at

    begin_at(backend, "2027-03-05T00:10")
    assert dict(payouts.run().done) == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == NET - 2125
    assert [line.refund_id for line in payouts.lines_of(payouts.last())][-1] == refunded.refund_id
    assert_lines_lie_in_their_periods(payouts)
    assert_nothing_is_lost(payouts)


def test_daily_to_weekly_in_mid_period_pays_on_the_next_monday(make_backend: MakeBackend) -> None:
    payouts = studio_paid(make_backend, "daily", "2027-02-28T12:00")
    backend = payouts.backend
    backend.sell()
    assert run_until(payouts, "2027-03-03T12:00").count("PayoutPaid") == 1
    backend.sell()
    change_schedule(payouts, "weekly")
    assert payouts.table.due_at(backend.studio_id) == "2027-03-08T06:00:00.000Z"
    assert run_until(payouts, "2027-03-07T23:00") == []
    assert run_until(payouts, "2027-03-08T02:00") == ["PayoutPaid"]
    assert days(payouts.last()) == ("2027-03-01", "2027-03-07")
    assert_lines_lie_in_their_periods(payouts)
    assert_nothing_is_lost(payouts)


def test_monthly_to_daily_on_the_tenth_pays_tomorrow(make_backend: MakeBackend) -> None:
    payouts = studio_paid(make_backend, "monthly", "2027-02-20T12:00")
    backend = payouts.backend
    backend.sell()
    assert run_until(payouts, "2027-03-01T02:00") == ["PayoutPaid"]
    begin_at(backend, "2027-03-10T09:00")
    backend.sell()
    change_schedule(payouts, "daily")
    assert run_until(payouts, "2027-03-11T02:00") == ["PayoutPaid"]
    assert days(payouts.last()) == ("2027-03-01", "2027-03-10")
    assert_lines_lie_in_their_periods(payouts)
    assert_nothing_is_lost(payouts)


@pytest.mark.parametrize("schedules", [("weekly", "monthly", "daily"), ("daily", "monthly")])
def test_any_changes_of_the_schedule_leave_neither_gap_nor_overlap(
    make_backend: MakeBackend, schedules: tuple[str, ...]
) -> None:
    payouts = studio_paid(make_backend, schedules[-1], "2027-03-01T12:00")
    for number in range(12):
        payouts.backend.sell()
        change_schedule(payouts, schedules[number % len(schedules)])
        payouts.backend.clock.ahead += timedelta(days=5, hours=7 * number)
        payouts.run()
    if schedules[11 % len(schedules)] != "daily":
        change_schedule(payouts, "daily")
    payouts.backend.clock.ahead += timedelta(days=2)
    payouts.run()
    assert sum(each.paid_amount for each in payouts.all()) == 12 * NET
    assert_lines_lie_in_their_periods(payouts)
    assert_nothing_is_lost(payouts)


def test_a_payout_between_two_days_has_everything_up_to_now(make_backend: MakeBackend) -> None:
    payouts = studio_paid(make_backend, "daily", "2027-03-03T10:00")
    backend, runner = payouts.backend, payouts.runner()
    studio_id, because = backend.studio_id, "ops: the studio closes its business"
    assert runner.pay_now(studio_id, because) == (NotClosed.NOTHING_DUE, None)
    due_at = payouts.table.due_at(studio_id)
    for number in (1, 2):
        backend.sell()
        backend.clock.ahead += timedelta(minutes=1)
        outcome, payout_id = runner.pay_now(studio_id, because)
        assert (outcome, payout_id) == ("PayoutPaid", payouts.last().payout_id)
        assert payouts.last().off_cycle_because == because
        assert payouts.last().period_ended_at <= rfc3339(backend.clock())
        assert len(payouts.all()) == number
    assert payouts.table.due_at(studio_id) == due_at
    backend.sell()
    begin_at(backend, "2027-03-04T00:30")
    assert dict(payouts.run().done) == {"PayoutPaid": 1}
    ids = [each.payout_id for each in payouts.all()]
    named = f"po_{studio_id}_2027-03-03"
    assert ids == [f"{named}_3", f"{named}_2", named]
    assert [each.paid_amount for each in payouts.all()] == [NET] * 3
    assert_lines_lie_in_their_periods(payouts)
    assert_nothing_is_lost(payouts)


def test_so_many_payouts_a_day_leave_a_number_for_the_payout_day(
    make_backend: MakeBackend,
) -> None:
    payouts = studio_paid(make_backend, "daily", "2027-03-03T10:00")
    backend, outcomes = payouts.backend, []
    for _ in range(MOST_PER_DAY):
        backend.sell()
        backend.clock.ahead += timedelta(minutes=1)
        outcomes.append(payouts.runner().pay_now(backend.studio_id, "ops: test")[0])
    assert outcomes == ["PayoutPaid"] * (MOST_PER_DAY - 1) + ["PayoutTooMany"]
    begin_at(backend, "2027-03-04T00:30")
    assert dict(payouts.run().done) == {"PayoutPaid": 1}
    assert payouts.last().payout_id.endswith(f"2027-03-03_{MOST_PER_DAY}")
    assert_lines_lie_in_their_periods(payouts)
    assert_nothing_is_lost(payouts)


def test_payouts_asked_for_at_the_same_time_pay_each_cent_once(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    for _ in range(3):
        backend.sell()
    backend.clock.ahead += timedelta(minutes=1)
    runner = payouts.runner()
    at_once(5, lambda _: runner.pay_now(backend.studio_id, "ops: test"))
    payouts.later()
    assert payouts.transferred() == 3 * NET
    assert_nothing_is_lost(payouts)
