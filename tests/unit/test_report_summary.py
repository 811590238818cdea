"""The bars of the report's charts: days and weeks as the studio counts them."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shared.clock import rfc3339
from shared.domain.report import ReportTotals
from shared.domain.report_summary import BucketSize, ReportSums
from tests.unit.test_report_pages import row

CHICAGO = ZoneInfo("America/Chicago")
FIRST, LAST = date(2026, 10, 29), date(2026, 11, 12)


def sums(*times: datetime) -> ReportSums:
    found = ReportSums(CHICAGO)
    found.add(
        replace(row(number), place=f"{rfc3339(at)}#{number}") for number, at in enumerate(times)
    )
    return found


def test_a_refund_late_in_the_evening_counts_on_the_studio_s_day() -> None:
    late = datetime(2026, 11, 3, 23, 59, tzinfo=CHICAGO)  # the 4th in UTC
    found = sums(late).buckets(date(2026, 11, 3), date(2026, 11, 4), BucketSize.DAY)
    assert [each.totals.count for each in found] == [1, 0]


def test_weeks_begin_on_monday_and_the_ends_of_the_range_are_cut() -> None:
    found = sums().buckets(FIRST, LAST, BucketSize.WEEK)
    assert [(each.first.day, each.last.day) for each in found] == [(29, 1), (2, 8), (9, 12)]
    assert [each.first.weekday() for each in found[1:]] == [0, 0]


@given(
    st.lists(
        st.datetimes(
            datetime(2026, 10, 29),  # noqa: DTZ001  # the strategy adds the zone
            datetime(2026, 11, 12, 23, 59),  # noqa: DTZ001  # the strategy adds the zone
            timezones=st.just(CHICAGO),
        ),
        max_size=12,
    ),
    st.sampled_from(BucketSize),
)
def test_bars_follow_without_gaps_and_add_up_to_the_totals(
    times: list[datetime], size: BucketSize
) -> None:
    found = sums(*times)
    bars = found.buckets(FIRST, LAST, size)
    assert (bars[0].first, bars[-1].last) == (FIRST, LAST)
    for before, after in pairwise(bars):
        assert after.first - before.last == timedelta(days=1)
    assert ReportTotals().plus([bar.totals for bar in bars]) == found.totals
    assert found.totals.count == len(times)


def test_reasons_come_the_largest_first_with_disputes_on_their_own() -> None:
    found = ReportSums(CHICAGO)
    found.add(
        [
            replace(row(1), reason="wrong_print"),
            replace(row(2), reason=None),
            replace(row(3), reason=None, dispute_id="dp_1"),
            replace(row(4), reason="wrong_print", refunded_amount=-2),
        ]
    )
    assert [(each.reason, each.is_dispute, each.totals.count) for each in found.reasons()] == [
        (None, True, 1),
        (None, False, 1),
        ("wrong_print", False, 2),
    ]
    assert found.reasons()[-1].totals.refunded_amount == 0
