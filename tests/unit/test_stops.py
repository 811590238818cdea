"""What operators stop: whom it holds for, what it says, and how seldom it is read."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import MessagesStoppedError, RefundsStoppedError
from shared.domain.stops import MOST_STOPS, Activity, Stop, Stops, TooManyStopsError
from shared.gateways.records.attributes import item_bytes, unmarshal
from shared.gateways.records.stops import stops_from_values, stops_to_item
from shared.workflow.current_stops import CurrentStops

if TYPE_CHECKING:
    from shared.gateways.stops_store import StopsStore

AT = "2026-11-30T12:00:00.000Z"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)

activities = st.sampled_from(Activity)
studios = st.none() | st.sampled_from(["st_a", "st_b"])


def stop_of(activity: Activity, studio_id: str | None, notice: str = "Back soon.") -> Stop:
    return Stop(activity, studio_id, "op_1", "a secret reason", notice, AT)


def stops_of(*stops: Stop) -> Stops:
    found = Stops()
    for stop in stops:
        found = found.with_stop(stop)
    return found


@given(st.lists(st.tuples(st.booleans(), activities, studios), max_size=12))
def test_a_stop_holds_from_its_command_until_the_command_that_ends_it(
    commands: list[tuple[bool, Activity, str | None]],
) -> None:
    stops, model = Stops(), set()
    for stopping, activity, studio_id in commands:
        if stopping:
            stops = stops.with_stop(stop_of(activity, studio_id))
            model.add((activity, studio_id))
        else:
            left = stops.without_stop(activity, studio_id)
            assert (left is None) == ((activity, studio_id) not in model)
            stops = left or stops
            model.discard((activity, studio_id))
    for activity in Activity:
        for studio in ("st_a", "st_b"):
            holds = (activity, None) in model or (activity, studio) in model
            assert (stops.find(activity, studio) is not None) == holds
        assert (stops.find(activity, None) is not None) == ((activity, None) in model)


@given(st.lists(st.tuples(activities, studios), max_size=6, unique=True))
def test_stops_come_back_as_they_were_stored(named: list[tuple[Activity, str | None]]) -> None:
    stops = stops_of(*(stop_of(*each) for each in named))
    assert stops_from_values(unmarshal(stops_to_item(stops))) == stops


def test_a_refusal_tells_staff_the_notice_and_not_the_operators_reason() -> None:
    stops = stops_of(
        stop_of(Activity.REFUNDS, "st_a", "We are back at noon."), stop_of(Activity.MESSAGES, None)
    )
    with pytest.raises(RefundsStoppedError) as refunds:
        stops.require_refunds("st_a")
    assert refunds.value.detail == (
        "Refunds are stopped for now. We are back at noon. Nothing was refunded."
    )
    stops.require_refunds("st_b")
    with pytest.raises(MessagesStoppedError) as messages:
        stops.require_messages("st_b")
    assert "secret" not in refunds.value.detail + messages.value.detail


def test_a_second_stop_of_the_same_replaces_the_first() -> None:
    stops = stops_of(
        stop_of(Activity.REFUNDS, None, "One."), stop_of(Activity.REFUNDS, None, "Two.")
    )
    assert [each.notice for each in stops.stops] == ["Two."]


def test_as_many_stops_as_are_allowed_fit_one_item() -> None:
    wide = "\U0001f4f7" * 200  # as many characters as the command takes
    stops = Stops(
        tuple(
            Stop(Activity.REFUNDS, f"{number:064}", wide, wide, wide, AT)
            for number in range(MOST_STOPS)
        )
    )
    assert item_bytes(stops_to_item(stops)) < 400 * 1024
    with pytest.raises(TooManyStopsError):
        stops.with_stop(stop_of(Activity.REFUNDS, "one_more"))
    assert len(stops.with_stop(stop_of(Activity.REFUNDS, f"{0:064}")).stops) == MOST_STOPS


class CountedStore:
    """Counts how often the stops are read."""

    def __init__(self) -> None:
        self.reads = 0
        self.stops = Stops()

    def get(self) -> Stops:
        self.reads += 1
        return self.stops


class SetClock:
    """A clock that a test sets."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


def test_requests_of_half_a_minute_cost_one_read_and_a_stop_is_seen_afterwards() -> None:
    store, clock = CountedStore(), SetClock()
    current = CurrentStops(cast("StopsStore", store), clock)
    for second in range(30):
        clock.now = NOON + timedelta(seconds=second)
        assert current.load().find(Activity.REFUNDS, "st_a") is None
        store.stops = stops_of(stop_of(Activity.REFUNDS, None))
    assert store.reads == 1
    clock.now = NOON + timedelta(seconds=30)
    assert current.load().find(Activity.REFUNDS, "st_a") is not None


def test_a_clock_that_was_set_back_reads_again() -> None:
    store, clock = CountedStore(), SetClock()
    current = CurrentStops(cast("StopsStore", store), clock)
    current.load()
    clock.now = NOON - timedelta(hours=1)
    current.load()
    assert store.reads == 2
