"""The simulated clock. It dates objects and expires idempotency keys."""

import time


class SimulatedClock:
    """Real time plus an offset, so that a test can skip a day without waiting.

    Webhook signatures and retries use real time instead: whoever verifies a signature compares
    it with the real time.

    Attributes:
        offset_s: How many seconds simulated time is ahead of real time.
    """

    def __init__(self, offset_s: int = 0) -> None:
        self.offset_s = offset_s

    def now(self) -> int:
        """Return the simulated time in whole seconds since the Unix epoch."""
        return int(time.time()) + self.offset_s

    def advance(self, seconds: int) -> None:
        """Move simulated time forward by `seconds`."""
        self.offset_s += seconds
