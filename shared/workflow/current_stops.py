"""What is stopped now, for functions that ask at every request."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.domain.stops import Stops
from shared.gateways.stops_store import StopsStore

# A stop holds everywhere within a minute: this, and the longest request that began before it.
_MAX_AGE = timedelta(seconds=30)


@dataclass(slots=True)
class CurrentStops:
    """Reads the stops at most every 30 seconds, so that most requests cost no read.

    The age is of the wall clock: it also counts the time for which Lambda freezes a process.
    """

    store: StopsStore
    clock: Clock
    _read_at: datetime | None = field(default=None, init=False)
    _stops: Stops = field(default_factory=Stops, init=False)

    def load(self) -> Stops:
        """Return the stops as they were at most 30 seconds ago."""
        now = self.clock()
        if self._read_at is None or not timedelta(0) <= now - self._read_at < _MAX_AGE:
            self._stops = self.store.get()
            self._read_at = now
        return self._stops
