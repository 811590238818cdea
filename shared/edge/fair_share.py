"""A studio's fair share of the API: how many requests a minute all its users may send together.

Each execution environment counts in memory. After every ``step`` requests it adds them to the
studio's count in DynamoDB, whose answer is what all environments have counted:

    environment A   ·········· ──► 10              ·········· ──► 30   ✘ ✘ ✘ until the minute ends
    environment B         ·········· ──► 20             ········    ··  ──► 40   ✘ ✘ ✘

Most requests make no call. What an environment has not added yet, the others do not know. So an
environment may let ``step - 1`` requests through above the limit, and no more.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from shared.clock import Clock
from shared.domain.errors import TooManyRequestsError
from shared.edge.observability import count, logger
from shared.gateways.request_counts import RequestsNotCountedError

_WINDOW_SECONDS = 60


class Share(StrEnum):
    """What is counted. Each has a count of its own, so that reports never use up the refunds."""

    READS = "reads"
    REPORTS = "reports"
    WRITES = "writes"


class Limit(NamedTuple):
    """A studio's share.

    Attributes:
        a_minute: How many requests a studio may send in a minute.
        step: After how many requests an environment adds them to the studio's count.
        words: What people call them.
    """

    a_minute: int
    step: int
    words: str


# "A studio has a fair share of the API" in DECISIONS.md has the reasons.
LIMITS: dict[Share, Limit] = {
    # Fifty people may each look something up every second.
    Share.READS: Limit(3_000, step=10, words="lookups"),
    # A report may take seconds, and Lambda runs 1,000 functions at the same time. An environment
    # makes only a few of them in a minute, so each is counted at once.
    Share.REPORTS: Limit(300, step=1, words="reports"),
    # Twenty a second. Stripe takes 25 refunds a second from all studios together.
    Share.WRITES: Limit(1_200, step=10, words="changes"),
}


def share_of(method: str) -> Share:
    """Return the share that a request takes from if its route names none."""
    return Share.READS if method == "GET" else Share.WRITES


class Counts(Protocol):
    """The counts that all environments share."""

    def add(self, studio_id: str, share: str, minute: datetime, requests: int) -> int:
        """Add requests, and return how many there are now in this minute.

        Raises:
            RequestsNotCountedError: They could not be added.
        """

    def connect(self) -> None:
        """Prepare for the first ``add``."""


class _Tally:
    """What one environment knows of a studio's share in this minute.

    Attributes:
        counted: The studio's count, as the last ``add`` returned it.
        waiting: Requests that were let through since then.
        logged: Whether the log says that the share is used up.
    """

    __slots__ = ("counted", "logged", "waiting")

    def __init__(self) -> None:
        self.counted = 0
        self.waiting = 0
        self.logged = False


class FairShare:
    """The shares of all studios, as one execution environment knows them.

    It forgets everything when a minute is over, so a restored snapshot has nothing old.

    Args:
        counts: The counts that all environments share.
        clock: The clock.
    """

    def __init__(self, counts: Counts, clock: Clock) -> None:
        self._counts = counts
        self._clock = clock
        self._minute: datetime | None = None
        self._tallies: dict[tuple[str, Share], _Tally] = {}

    def connect(self) -> None:
        """Prepare for the first count, so that no request waits for it."""
        self._counts.connect()

    def take(self, studio_id: str, share: Share) -> None:
        """Take one request from a studio's share. If it cannot be counted, it is let through.

        Raises:
            TooManyRequestsError: The share of this minute is used up.
        """
        now = self._clock()
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute = minute
            self._tallies.clear()
        tally = self._tallies.setdefault((studio_id, share), _Tally())
        limit = LIMITS[share]
        if tally.counted + tally.waiting < limit.a_minute:
            tally.waiting += 1
            if tally.waiting < limit.step:
                return
            self._add(studio_id, share, minute, tally)
            if tally.counted <= limit.a_minute:
                return
        count("ShareUsedUp")
        if not tally.logged:  # once a minute, because a loop is refused many times
            tally.logged = True
            logger.warning(
                "share used up", studio_id=studio_id, share=share, requests=tally.counted
            )
        raise _used_up(limit, _WINDOW_SECONDS - now.second)

    def _add(self, studio_id: str, share: Share, minute: datetime, tally: _Tally) -> None:
        requests, tally.waiting = tally.waiting, 0
        try:
            tally.counted = self._counts.add(studio_id, share, minute, requests)
        except RequestsNotCountedError:
            # Not again at once: each further request would wait for it.
            logger.warning("requests not counted", exc_info=True, share=share, requests=requests)
            count("RequestsNotCounted", requests)


def _used_up(limit: Limit, seconds: int) -> TooManyRequestsError:
    again = "1 second" if seconds == 1 else f"{seconds} seconds"
    return TooManyRequestsError(
        f"Your studio has used up its {limit.a_minute:,} {limit.words} of this minute. Nothing was "
        f"changed. Try again in {again}.",
        retry_after_seconds=seconds,
    )
