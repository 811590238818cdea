"""When an idempotency key can still be used, and when the reconciler looks again."""

from datetime import datetime, timedelta

# Stripe forgets a key after 24 h (https://docs.stripe.com/api/idempotent_requests); an hour less
# leaves room for clocks that differ.
KEY_LIFETIME = timedelta(hours=23)

_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)


def key_forgotten(attempt_at: str | None, now: datetime) -> bool:
    """Return whether Stripe may have forgotten the key of an attempt, so that it must not be used.

    Args:
        attempt_at: When the attempt began, RFC 3339.
        now: The time.
    """
    return attempt_at is None or now - datetime.fromisoformat(attempt_at) > KEY_LIFETIME


def next_poll_time(poll_count: int, now: datetime) -> datetime:
    """Return when to look again after ``poll_count`` looks: 5 minutes, doubling up to 6 hours."""
    pause: timedelta = _FIRST_PAUSE * 2 ** min(poll_count, 12)
    return now + min(pause, _LONGEST_PAUSE)
