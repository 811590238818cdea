"""What one comparison covers: an account of Stripe, and a window of time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Account:
    """A Stripe account and the studios whose charges are on it.

    Attributes:
        account_id: None for the platform's own account.
        studio_ids: The studios' ids; none for the platform's own, which concerns all studios.
    """

    account_id: str | None
    studio_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """A window of time, without its end.

    Attributes:
        since: When it begins.
        until: When it ends.
        settled_until: What happened later may still be in a webhook or a queue.
        now: The present.
        keep_on: Called now and then. Raises OutOfTimeError if the worker must stop.
    """

    since: datetime
    until: datetime
    settled_until: datetime
    now: datetime
    keep_on: Callable[[], None]
