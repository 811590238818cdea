"""When a studio is paid out, and from when to when a payout's entries were recorded."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from enum import StrEnum
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_WEEK = 7
# Times are stored in milliseconds, so this is the last moment before another.
_LAST_MOMENT = timedelta(milliseconds=1)


class Interval(StrEnum):
    """How often a studio is paid out."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class PayoutPeriod:
    """A time, without its end. A payout holds the entries that were recorded in it.

    Attributes:
        started_at: Where the period before ended; RFC 3339 in UTC with milliseconds.
        ended_at: The first moment after the period, the same.
        zone: The studio's time zone, in which people read the days.
    """

    started_at: str
    ended_at: str
    zone: ZoneInfo

    @property
    def first(self) -> date:
        """The day of its first moment, in the studio's zone."""
        first = datetime.fromisoformat(self.started_at).astimezone(self.zone).date()
        return min(first, self.last)

    @property
    def last(self) -> date:
        """The day of its last moment, in the studio's zone."""
        last = datetime.fromisoformat(self.ended_at) - _LAST_MOMENT
        return last.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class PayoutSchedule:
    """The payout days: every day, a day of the week (0 is Monday), or the first of the month.

    A payout day begins at midnight in the studio's zone. Then the payout of the time before it is
    due.
    """

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

    def latest_end(self, now: datetime) -> datetime:
        """Return where the latest period that is over ends, in UTC."""
        return self.begins(self.latest(now))

    def day_start(self, at: datetime) -> datetime:
        """Return when the day of a time begins in the studio's zone, in UTC."""
        return self.begins(at.astimezone(self.zone).date())
