"""How far an account is compared, and what comes next, by the pure rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import rfc3339
from shared.domain.foreign_object import ForeignObject
from shared.domain.reconciliation import (
    LONGEST_WINDOW,
    LOOK_BACK,
    MOST_FINDINGS,
    OVERLAP,
    SHORTEST_WINDOW,
    AskedBy,
    Pass,
    Reconciliation,
    ReconciliationWork,
)
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.foreign_object import foreign_from_values, foreign_to_item
from shared.gateways.records.keys import OpenWork, PlatformPartition
from shared.gateways.records.reconciliation import (
    reconciliation_from_values,
    reconciliation_to_item,
)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
FINDING: dict[str, str | int | bool] = {"kind": "ledger_differs", "healed": False, "amount": 5}


def asked(by: AskedBy, at: datetime = NOW, since: datetime | None = None) -> ReconciliationWork:
    return ReconciliationWork("acct_1", by, rfc3339(at), rfc3339(since or at))


def under_way(start: datetime, until: datetime = NOW) -> Reconciliation:
    begun = Pass(rfc3339(NOW), rfc3339(until), rfc3339(start))
    return Reconciliation("acct_1", rfc3339(NOW)).begun(begun)


moments = st.integers(1_600_000_000_000, 2_200_000_000_000).map(
    lambda ms: datetime.fromtimestamp(ms / 1000, UTC)
)


@given(moments, st.timedeltas(timedelta(seconds=1), timedelta(days=90)), st.data())
def test_windows_leave_no_gap_however_long_they_are(
    start: datetime, length: timedelta, data: st.DataObject
) -> None:
    at = under_way(start, start + length)
    windows = []
    while window := at.next_window():
        windows.append(window)
        at = at.after_window(rfc3339(window[1]))
        at = at.with_window_times(data.draw(st.sampled_from([0.5, 1, 2])))
        if len(windows) == 40:
            at = replace(at, window_seconds=int(LONGEST_WINDOW.total_seconds()))
    to_ms = timedelta(milliseconds=1)
    assert abs(windows[0][0] - start) < to_ms
    assert abs(windows[-1][1] - (start + length)) < to_ms
    assert all(before[1] == after[0] for before, after in pairwise(windows))
    assert all(timedelta(0) < until - since <= LONGEST_WINDOW for since, until in windows)
    assert at.clean_until == rfc3339(start + length)


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_a_difference_holds_up_everything_after_it(found: list[bool]) -> None:
    at = under_way(NOW - len(found) * LONGEST_WINDOW)
    for is_difference in found:
        window = at.next_window()
        assert window is not None
        at = at.with_finding(FINDING, is_difference=is_difference)
        at = at.after_window(rfc3339(window[1]))
    clean = found.index(True) if True in found else len(found)
    assert at.clean_until == rfc3339(NOW - (len(found) - clean) * LONGEST_WINDOW)


def test_what_a_window_finds_twice_counts_once_and_many_are_counted_and_not_kept() -> None:
    at = under_way(NOW - LONGEST_WINDOW)
    for number in range(2 * MOST_FINDINGS):
        finding = FINDING | {"amount": number}
        at = at.with_finding(finding, is_difference=True)
        if number < MOST_FINDINGS:
            at = at.with_finding(finding, is_difference=True)
    assert (len(at.findings), at.finding_count) == (MOST_FINDINGS, 2 * MOST_FINDINGS)


def test_the_schedule_waits_until_an_account_is_due_and_an_operator_does_not() -> None:
    done = Reconciliation("acct_1", rfc3339(NOW), reconciled_at=rfc3339(NOW - timedelta(hours=20)))
    before = rfc3339(NOW - timedelta(seconds=1))
    assert done.is_wanted(asked(AskedBy.SCHEDULE), rfc3339(NOW))
    assert not done.is_wanted(asked(AskedBy.SCHEDULE), before)
    assert done.is_wanted(asked(AskedBy.OPERATOR), before)
    assert not done.is_wanted(asked(AskedBy.OPERATOR, NOW - timedelta(hours=20)), before)


def test_an_operator_does_not_get_the_rest_of_a_pass_that_began_before() -> None:
    at = under_way(NOW - LONGEST_WINDOW)
    assert at.goes_on_for(asked(AskedBy.SCHEDULE, NOW + timedelta(hours=1)))
    assert at.goes_on_for(asked(AskedBy.OPERATOR, NOW))
    assert not at.goes_on_for(asked(AskedBy.OPERATOR, NOW + timedelta(hours=1)))


@pytest.mark.parametrize(
    ("clean_days_ago", "since_days_ago", "was_away", "begins"),
    [
        (None, 0, False, LOOK_BACK),
        (1, 0, False, timedelta(days=1) + OVERLAP),
        (60, 0, False, LOOK_BACK),
        (60, 0, True, timedelta(days=60) + OVERLAP),
        (1, 10, False, timedelta(days=10)),
        (1, 90, False, timedelta(days=90)),
        (60, 10, True, timedelta(days=60) + OVERLAP),
    ],
)
def test_where_a_pass_begins(
    clean_days_ago: int | None, since_days_ago: int, *, was_away: bool, begins: timedelta
) -> None:
    clean = None if clean_days_ago is None else rfc3339(NOW - timedelta(days=clean_days_ago))
    at = Reconciliation("acct_1", rfc3339(NOW), clean_until=clean)
    work = asked(AskedBy.OPERATOR, NOW, NOW - timedelta(days=since_days_ago))
    assert at.start(work, NOW, was_away=was_away) == NOW - begins


def test_a_failing_account_waits_an_hour_and_then_longer_up_to_six_hours() -> None:
    at, waited = under_way(NOW - LONGEST_WINDOW), []
    for _ in range(7):
        waited.append(at.retry_delay)
        retry_at = rfc3339(NOW + at.retry_delay)
        at = at.failed("no answer", rfc3339(NOW), retry_at)
        assert at.fails_lastingly == (at.failures >= 3)
        assert not at.is_wanted(asked(AskedBy.SCHEDULE), rfc3339(NOW))
        assert at.is_wanted(asked(AskedBy.SCHEDULE), retry_at)
        assert at.is_wanted(asked(AskedBy.OPERATOR), rfc3339(NOW))
    assert (
        waited
        == [timedelta(minutes=50 * times) for times in (1, 1, 1, 2, 4)] + [timedelta(hours=6)] * 2
    )
    window = at.next_window()
    assert window is not None
    after = at.after_window(rfc3339(window[1]))
    assert (after.failures, after.retry_at) == (0, None)


def test_windows_have_a_shortest_and_a_longest_time() -> None:
    at = under_way(NOW - LONGEST_WINDOW)
    for _ in range(20):
        at = at.with_window_times(0.5)
    assert at.window_seconds == SHORTEST_WINDOW.total_seconds()
    for _ in range(20):
        at = at.with_window_times(2)
    assert at.window_seconds == LONGEST_WINDOW.total_seconds()


@pytest.mark.parametrize("account_id", [None, "acct_1"])
def test_how_far_an_account_is_compared_comes_back_as_it_was_stored(
    account_id: str | None,
) -> None:
    at = under_way(NOW - LONGEST_WINDOW).with_finding(FINDING, is_difference=True)
    at = at.failed("no answer", rfc3339(NOW), rfc3339(NOW))
    for each in (
        replace(at, account_id=account_id, version=3),
        Reconciliation(account_id, rfc3339(NOW)),
        replace(at, account_id=account_id).away(rfc3339(NOW), rfc3339(NOW)),
    ):
        item = reconciliation_to_item(each)
        assert item["open_pk"] == {"S": OpenWork.RECONCILIATION.value}
        assert item["open_due"] == {"S": each.due_at}
        assert reconciliation_from_values(unmarshal(item)) == each


def test_a_foreign_object_is_on_the_list_until_somebody_acknowledges_it() -> None:
    bare = ForeignObject("fee_1", rfc3339(NOW))
    assert foreign_from_values(unmarshal(foreign_to_item(bare))) == bare
    found = replace(bare, stripe_id="re_1", amount=500, currency="usd")
    item = foreign_to_item(found)
    assert item["platform_pk"] == {"S": PlatformPartition.FOREIGN.value}
    assert foreign_from_values(unmarshal(item)) == found
    done = found.acknowledged("op_1: the shop's", rfc3339(NOW))
    assert "platform_pk" not in foreign_to_item(done)
    assert foreign_from_values(unmarshal(foreign_to_item(done))) == done
    # Whoever did it first stays.
    assert done.acknowledged("op_2: again", rfc3339(NOW + timedelta(days=1))) == done
