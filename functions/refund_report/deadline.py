"""How long a report may read before its answer is due."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from shared.domain.errors import RangeTooLargeError

# The rest of API Gateway's 29 s is for a cold start and the answer.
_READING_SECONDS = 22.0


@dataclass(frozen=True, slots=True)
class Deadline:
    """When reading must have ended, in seconds of ``time.monotonic``."""

    at: float

    @classmethod
    def from_now(cls) -> Self:
        """Return the deadline of a request that begins now."""
        return cls(time.monotonic() + _READING_SECONDS)

    def in_time[Read](self, what: Iterable[Read]) -> Iterator[Read]:
        """Yield what is read before the deadline.

        Raises:
            RangeTooLargeError: Reading takes too long.
        """
        for each in what:
            if time.monotonic() > self.at:
                raise RangeTooLargeError(
                    "There are too many orders in this range to count while you wait. "
                    "Ask for fewer days."
                )
            yield each
