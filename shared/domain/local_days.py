"""Days in a studio's own time zone."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from shared.domain.errors import DateRangeError

_DAY = timedelta(days=1)

# No order is older, and dates outside this range could overflow the calendar.
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
# The first day that a range may have.
EARLIEST_DAY = EARLIEST.isoformat()


@dataclass(frozen=True, slots=True)
class LocalDays:
    """A range of days in a time zone, both ends included."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """When the first day begins, in UTC."""
        return self._midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after the last day, in UTC."""
        return self._midnight(self.last + _DAY)

    def before(self) -> "LocalDays":
        """Return the same number of days just before these."""
        length = self.last - self.first
        return replace(self, first=self.first - length - _DAY, last=self.first - _DAY)

    def _midnight(self, day: date) -> datetime:
        # From midnight to midnight, not 24 hours: twice a year a day has 23 or 25 hours.
        return datetime.combine(day, time_of_day(), self.zone).astimezone(UTC)


def local_days(
    first: str | None, last: str | None, zone: ZoneInfo, now: datetime, default_days: int
) -> LocalDays:
    """Return the days that a request asks for.

    Args:
        first: The first day as ``YYYY-MM-DD``. None for ``default_days`` up to the last day.
        last: The last day, which is included. None for today.
        zone: The studio's time zone.
        now: The time.
        default_days: How many days, if the first day is not given.

    Raises:
        DateRangeError: A day is not a date, or the first day is after the last.
    """
    until = now.astimezone(zone).date() if last is None else _day(last)
    since = until - (default_days - 1) * _DAY if first is None else _day(first)
    if since > until:
        raise DateRangeError(
            f"`from` is {since} and `to` is {until}. Send the earlier date as `from`."
        )
    return LocalDays(since, until, zone)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise DateRangeError("Send `from` and `to` as existing dates: YYYY-MM-DD.") from error
    if not EARLIEST <= day <= LATEST:
        raise DateRangeError(f"Send dates between {EARLIEST} and {LATEST}.")
    return day
