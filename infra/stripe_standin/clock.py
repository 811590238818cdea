"""Domain time: what Stripe's `created` says, and when idempotency keys are forgotten."""

import time


class Clock:
    """Wall time plus an offset, so that a test can skip a day without waiting for it.

    Webhook signatures and retries do not use it: they are transport, and whoever verifies a
    signature compares it with the real time.

    Attributes:
        offset_s: Seconds that domain time is ahead of wall time.
    """

    def __init__(self, offset_s: int = 0) -> None:
        self.offset_s = offset_s

    def now(self) -> int:
        """Return the domain time in whole seconds since the Unix epoch."""
        return int(time.time()) + self.offset_s

    def advance(self, seconds: int) -> None:
        """Move domain time forward by `seconds`."""
        self.offset_s += seconds
