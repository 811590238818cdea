"""What one reconciliation covers: an account of Stripe, and a window of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

# The watermark moves a window at a time, so that a run that stops has lost one window at most.
WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Account:
    """A Stripe account and the studios whose charges are on it.

    Attributes:
        account_id: None for the platform's own account.
        studio_ids: The studios' ids.
    """

    account_id: str | None
    studio_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """A window of time, without its end.

    Attributes:
        since: When it begins.
        until: When it ends. What happened later may still be in a webhook or a queue.
        now: The present.
    """

    since: datetime
    until: datetime
    now: datetime


def windows(start: datetime, until: datetime, now: datetime) -> Iterator[Window]:
    """Yield a time in windows of a week, the oldest first and the last one shorter."""
    while start < until:
        end = min(start + WINDOW, until)
        yield Window(start, end, now)
        start = end
