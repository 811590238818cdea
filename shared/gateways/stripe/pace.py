"""How fast scheduled work calls Stripe, and when it stops."""

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Stripe asks to slow down with growing pauses: https://docs.stripe.com/rate-limits
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0


class OutOfTimeError(TimeoutError):
    """The time is up. What was saved so far is kept, and another worker goes on from there."""


class SlowedDownError(OutOfTimeError):
    """The time is up, and Stripe still asks to slow down."""


class Pace:
    """Slows calls to Stripe down after a 429, until the time is up.

    A caller that waits for an answer has none: it is told at once that Stripe is busy.

    Attributes:
        time_is_up: Whether to stop. A worker sets it for each piece of work.
    """

    def __init__(self) -> None:
        self.time_is_up: Callable[[], bool] = lambda: False

    def check(self) -> None:
        """Go on if there is time.

        Raises:
            OutOfTimeError: The time is up.
        """
        if self.time_is_up():
            raise OutOfTimeError("the time is up")

    def pause(self, tries: int) -> None:
        """Wait before a call is sent again that Stripe answered with 429.

        Args:
            tries: How often Stripe has answered it so.

        Raises:
            SlowedDownError: The time is up.
        """
        longest = min(_FIRST_PAUSE_SECONDS * 2 ** (tries - 1), _LONGEST_PAUSE_SECONDS)
        # Half of it is random, so that workers do not come back all at once.
        seconds = longest / 2 + random.random() * longest / 2  # noqa: S311  # no secret
        time.sleep(seconds)
        if self.time_is_up():
            raise SlowedDownError("the time is up, and Stripe still answers 429")
