"""How long an idempotency key is good for, and how often the reconciler looks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import rfc3339
from shared.workflow.attempts import KEY_LIFETIME, key_forgotten, next_poll_time

NOW = datetime(2026, 10, 14, 17, 4, tzinfo=UTC)

# When Stripe forgets: https://docs.stripe.com/api/idempotent_requests
STRIPE_FORGETS = timedelta(hours=24)


@pytest.mark.parametrize(
    ("age", "forgotten"),
    [
        (timedelta(0), False),
        (timedelta(minutes=-5), False),
        (KEY_LIFETIME, False),
        (KEY_LIFETIME + timedelta(milliseconds=1), True),
        (STRIPE_FORGETS, True),
    ],
)
def test_a_key_is_used_no_longer_than_stripe_surely_knows_it(
    age: timedelta, *, forgotten: bool
) -> None:
    assert key_forgotten(rfc3339(NOW - age), NOW) is forgotten
    assert STRIPE_FORGETS - timedelta(minutes=30) > KEY_LIFETIME


def test_an_attempt_of_unknown_age_is_not_sent_again_under_its_key() -> None:
    assert key_forgotten(None, NOW)


@pytest.mark.parametrize(
    ("poll_count", "minutes"), [(0, 5), (1, 10), (2, 20), (3, 40), (6, 320), (7, 360), (8, 360)]
)
def test_the_pauses_double_from_five_minutes_to_six_hours(poll_count: int, minutes: int) -> None:
    assert next_poll_time(poll_count, NOW) == NOW + timedelta(minutes=minutes)


@given(st.integers(0, 10**6))
def test_pauses_never_shrink_and_never_end(poll_count: int) -> None:
    now, then = next_poll_time(poll_count, NOW), next_poll_time(poll_count + 1, NOW)
    assert NOW < now <= then <= NOW + timedelta(hours=6)


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2))
def test_times_as_text_sort_as_the_times_do(times: list[datetime]) -> None:
    early, late = sorted(times)
    assert rfc3339(early) <= rfc3339(late)
    read = datetime.fromisoformat(rfc3339(late))
    assert timedelta(0) <= late - read < timedelta(milliseconds=1)
