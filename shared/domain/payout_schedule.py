"""When a studio is paid out: on days of its own calendar, from midnight on."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from enum import StrEnum
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_WEEK = 7


class Interval(StrEnum):
    """How often a studio is paid out."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class PayoutPeriod:
    """The days that a payout is named for, both included. The ledger says what is in it."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class PayoutSchedule:
    """The payout days: every day, a day of the week (0 is Monday), or the first of the month."""

    interval: Interval
    weekday: int
    zone: ZoneInfo

    def latest(self, now: datetime) -> date:
        """Return the latest payout day that has begun."""
        today = now.astimezone(self.zone).date()
        match self.interval:
            case Interval.DAILY:
                return today
            case Interval.WEEKLY:
                return today - _DAY * ((today.weekday() - self.weekday) % _WEEK)
            case Interval.MONTHLY:
                return today.replace(day=1)

    def following(self, day: date) -> date:
        """Return the next payout day after a payout day."""
        match self.interval:
            case Interval.DAILY:
                return day + _DAY
            case Interval.WEEKLY:
                return day + _DAY * _WEEK
            case Interval.MONTHLY:
                return (day + _DAY * 31).replace(day=1)

    def begins(self, day: date) -> datetime:
        """Return when a day begins in the studio's zone, in UTC.

        It follows the calendar and does not add hours: twice a year a day has 23 or 25 hours.
        """
        return datetime.combine(day, time_of_day(), self.zone).astimezone(UTC)

    def next_due(self, now: datetime) -> datetime:
        """Return when the next payout is due after ``now``, in UTC."""
        return self.begins(self.following(self.latest(now)))

    def period(self, payout_day: date, last_paid_out: date | None) -> PayoutPeriod:
        """Return the period of the payout that is made on a payout day.

        Args:
            payout_day: A day of the schedule. The period ends with the day before it.
            last_paid_out: The last day of the previous payout. The period begins after it. None
                for the first payout, whose period is one interval.
        """
        last = payout_day - _DAY
        if last_paid_out is not None:
            return PayoutPeriod(min(last_paid_out + _DAY, last), last)
        match self.interval:
            case Interval.DAILY:
                return PayoutPeriod(last, last)
            case Interval.WEEKLY:
                return PayoutPeriod(payout_day - _DAY * _WEEK, last)
            case Interval.MONTHLY:
                return PayoutPeriod(last.replace(day=1), last)
