"""Stripe executes each intent once. A key's validity, and the pauses between polls."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.workflow.stripe_attempt import (
    KEY_LIFETIME,
    ensure_at_stripe,
    is_key_expired,
    next_poll_time,
)

NOW = datetime(2026, 10, 14, 17, 4, tzinfo=UTC)

# When Stripe forgets: https://docs.stripe.com/api/idempotent_requests
STRIPE_FORGETS = timedelta(hours=24)

SPENT = StripeOutcomeUnknownError("500", key_spent=True)
NO_ANSWER = StripeOutcomeUnknownError("no answer", key_spent=False)
REFUSED = StripeRefusedError("no", "no")


@dataclass(frozen=True)
class FakeIntent:
    """An intent whose first attempt began now."""

    attempt: int = 1
    attempt_at: str | None = rfc3339(NOW)


@dataclass
class Scripted:
    """Steps with scripted answers that record their calls."""

    listed: list[str | None]
    sent: list[str | Exception]
    asked: list[str] = field(default_factory=list)

    def find_at_stripe(self, _: FakeIntent) -> str | None:
        self.asked.append("list")
        return self.listed.pop(0)

    def send(self, intent: FakeIntent) -> str:
        self.asked.append(f"send :{intent.attempt}")
        answer = self.sent.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def with_new_attempt(self, intent: FakeIntent) -> FakeIntent:
        self.asked.append("new attempt")
        return replace(intent, attempt=intent.attempt + 1, attempt_at=rfc3339(NOW))


OLD = FakeIntent(attempt_at=rfc3339(NOW - STRIPE_FORGETS))
NEVER_SENT = FakeIntent(attempt=0, attempt_at=None)


@pytest.mark.parametrize(
    ("intent", "listed", "sent", "asked", "answer"),
    [
        (FakeIntent(), ["re_1"], [], "list", (1, "re_1")),
        (FakeIntent(), [None], ["re_1"], "list, send :1", (1, "re_1")),
        (FakeIntent(), [None], [REFUSED], "list, send :1", (1, REFUSED)),
        (OLD, ["re_1"], [], "list", (1, "re_1")),
        (OLD, [None], ["re_1"], "list, new attempt, send :2", (2, "re_1")),
        (NEVER_SENT, [None], ["re_1"], "list, new attempt, send :1", (1, "re_1")),
        (FakeIntent(), [None, "re_1"], [SPENT], "list, send :1, list", (1, "re_1")),
        (
            FakeIntent(),
            [None, None],
            [SPENT, "re_1"],
            "list, send :1, list, new attempt, send :2",
            (2, "re_1"),
        ),
        (
            OLD,
            [None, None],
            [SPENT, REFUSED],
            "list, new attempt, send :2, list, new attempt, send :3",
            (3, REFUSED),
        ),
    ],
)
def test_a_new_attempt_begins_only_if_the_list_is_empty_and_the_key_is_spent(
    intent: FakeIntent,
    listed: list[str | None],
    sent: list[str | Exception],
    asked: str,
    answer: tuple[int, str | StripeRefusedError],
) -> None:
    steps = Scripted(listed, sent)
    found = ensure_at_stripe(steps, intent, NOW)
    assert (found.intent.attempt, found.report) == answer
    assert ", ".join(steps.asked) == asked


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ([NO_ANSWER], "list, send :1"),
        ([SPENT, NO_ANSWER], "list, send :1, list, new attempt, send :2"),
        ([SPENT, SPENT], "list, send :1, list, new attempt, send :2"),
    ],
)
def test_an_unknown_outcome_ends_the_run_and_keeps_the_attempt(
    sent: list[str | Exception], asked: str
) -> None:
    steps = Scripted([None, None], sent)
    with pytest.raises(StripeOutcomeUnknownError):
        ensure_at_stripe(steps, FakeIntent(), NOW)
    assert ", ".join(steps.asked) == asked


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
def test_a_key_is_not_used_when_stripe_may_have_forgotten_it(
    age: timedelta, *, forgotten: bool
) -> None:
    assert is_key_expired(rfc3339(NOW - age), NOW) is forgotten
    assert STRIPE_FORGETS - timedelta(minutes=30) > KEY_LIFETIME


def test_an_attempt_of_unknown_age_is_not_sent_again_under_its_key() -> None:
    assert is_key_expired(None, NOW)


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
def test_times_as_text_sort_like_the_times(times: list[datetime]) -> None:
    early, late = sorted(times)
    assert rfc3339(early) <= rfc3339(late)
    read = datetime.fromisoformat(rfc3339(late))
    assert timedelta(0) <= late - read < timedelta(milliseconds=1)
