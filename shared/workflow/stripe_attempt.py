"""Makes Stripe do something exactly once, whatever is lost on the way.

A refund, an application fee refund and a transfer follow one protocol. The intent is stored with
the number of its attempt, which is part of Stripe's idempotency key. Resuming it takes up to three
steps:

1. List what Stripe has. If a complete list shows the intent, it is done.
2. Send the *same* key again. Stripe does it once, even while the first call is still running.
3. Begin a new attempt, but only if a complete list shows nothing and the key is spent: Stripe saved
   a failure under it, or the attempt is so old that Stripe may have forgotten the key.

The new attempt's number is a lease: a conditional write stores it before the new key is sent. So
there are never two live keys for one intent:

    run A   list: none ── send key :1 ── no answer ✘
    run B                       list: none ── send key :1 ── failure, saved under :1 ── list: none
                                              ── store attempt 2 if version = 7 ✔ ── send key :2 ✔
    run C                       list: none ── send key :1 ── failure, saved under :1 ── list: none
                                              ── store attempt 2 if version = 7 ✘ StaleStateError
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError

# Stripe forgets a key after 24 h: https://docs.stripe.com/api/idempotent_requests
# An hour less leaves room for clocks that differ.
KEY_LIFETIME = timedelta(hours=23)

_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)


class Intent(Protocol):
    """What Stripe has to do once."""

    @property
    def attempt_at(self) -> str | None:
        """When the current attempt began (RFC 3339), or None if there is none."""


class AttemptSteps[Kind: Intent, Report](Protocol):
    """How one kind of intent is looked up, sent and begun again.

    ``Kind`` is the intent, such as a refund. ``Report`` is what Stripe says about it.
    """

    def find_at_stripe(self, intent: Kind, /) -> Report | None:
        """Return Stripe's report of the intent from a complete list, or None if it has none."""

    def send(self, intent: Kind, /) -> Report:
        """Send the intent under the key of its current attempt, and return Stripe's report."""

    def with_new_attempt(self, intent: Kind, /) -> Kind:
        """Store the next attempt, if nobody else has changed the intent, and return it."""


@dataclass(frozen=True, slots=True)
class Answer[Kind, Report]:
    """Stripe's definitive answer.

    Attributes:
        intent: The intent, with the attempt that was answered.
        report: Stripe's report, or its refusal.
    """

    intent: Kind
    report: Report | StripeRefusedError


def ensure_at_stripe[Kind: Intent, Report](
    steps: AttemptSteps[Kind, Report], intent: Kind, now: datetime
) -> Answer[Kind, Report]:
    """Return Stripe's answer to an intent, and send the intent if Stripe does not have it.

    Raises:
        StripeOutcomeUnknownError: Stripe may have done it. The next run goes on from here.
        StaleStateError: Another run has changed the intent.
    """
    if (found := steps.find_at_stripe(intent)) is not None:
        return Answer(intent, found)
    if is_key_expired(intent.attempt_at, now):
        intent = steps.with_new_attempt(intent)
    try:
        return _send(steps, intent)
    except StripeOutcomeUnknownError as unknown:
        if not unknown.key_spent:
            raise
    if (found := steps.find_at_stripe(intent)) is not None:
        return Answer(intent, found)
    return _send(steps, steps.with_new_attempt(intent))


def _send[Kind: Intent, Report](
    steps: AttemptSteps[Kind, Report], intent: Kind
) -> Answer[Kind, Report]:
    try:
        return Answer(intent, steps.send(intent))
    except StripeRefusedError as refusal:
        return Answer(intent, refusal)


def is_key_expired(attempt_at: str | None, now: datetime) -> bool:
    """Return whether Stripe may have forgotten an attempt's key, so that it must not be sent.

    Args:
        attempt_at: When the attempt began, RFC 3339; None if there is none.
        now: The present.
    """
    return attempt_at is None or now - datetime.fromisoformat(attempt_at) > KEY_LIFETIME


def next_poll_time(poll_count: int, now: datetime) -> datetime:
    """Return when to poll next: after 5 minutes, doubling with each poll up to 6 hours."""
    pause: timedelta = _FIRST_PAUSE * 2 ** min(poll_count, 12)
    return now + min(pause, _LONGEST_PAUSE)
