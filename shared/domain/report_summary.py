"""The sums behind a report's charts: refunds by day or week, and by reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared.domain.report import ReportRow, ReportTotals

_DAY = timedelta(days=1)


class BucketSize(StrEnum):
    """How many days a bar of the chart covers. A week begins on Monday."""

    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Bucket:
    """The sums of some days in a row, both ends included."""

    first: date
    last: date
    totals: ReportTotals


@dataclass(frozen=True, slots=True)
class ReasonTotals:
    """The sums of one reason. A dispute has none of our reasons, so disputes are on their own."""

    reason: str | None
    is_dispute: bool
    totals: ReportTotals


@dataclass(slots=True)
class ReportSums:
    """The sums of a report's rows: all, by local day, and by reason."""

    zone: ZoneInfo
    totals: ReportTotals = field(default_factory=ReportTotals)
    by_day: dict[date, ReportTotals] = field(default_factory=dict)
    by_reason: dict[tuple[str | None, bool], ReportTotals] = field(default_factory=dict)

    def add(self, rows: Iterable[ReportRow]) -> None:
        """Add rows, each on the day of its place in the report."""
        for row in rows:
            at, _, _ = row.place.partition("#")
            day = datetime.fromisoformat(at).astimezone(self.zone).date()
            reason = row.reason, row.dispute_id is not None
            self.totals = self.totals.plus([row])
            self.by_day[day] = self.by_day.get(day, ReportTotals()).plus([row])
            self.by_reason[reason] = self.by_reason.get(reason, ReportTotals()).plus([row])

    def buckets(self, first: date, last: date, size: BucketSize) -> list[Bucket]:
        """Return the sums of each day or week of a range, without gaps. The ends may be cut."""
        found = []
        start = first
        while start <= last:
            end = min(last, last_day_of_bucket(start, size))
            days = (start + number * _DAY for number in range((end - start).days + 1))
            sums = [self.by_day[day] for day in days if day in self.by_day]
            found.append(Bucket(start, end, ReportTotals().plus(sums)))
            start = end + _DAY
        return found

    def reasons(self) -> list[ReasonTotals]:
        """Return the sums of each reason, the largest amount first."""
        found = [
            ReasonTotals(reason, is_dispute, totals)
            for (reason, is_dispute), totals in self.by_reason.items()
        ]
        return sorted(found, key=lambda it: (-it.totals.refunded_amount, it.reason or ""))


def last_day_of_bucket(day: date, size: BucketSize) -> date:
    """Return the last day of the day's or week's bar that a day is in."""
    return day if size is BucketSize.DAY else day + (6 - day.weekday()) * _DAY
