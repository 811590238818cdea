"""Time that passes only when the harness lets it: days cost nothing, and nothing waits."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, tzinfo
from typing import Self
from unittest.mock import patch

from shared import clock

# A Thursday noon, in the middle of a month.
START = datetime.fromisoformat("2026-10-15T12:00:00+00:00").timestamp()

_really_sleep = time.sleep


class VirtualTime:
    """The one clock of a world: of the functions, the engine and the stand-in alike.

    Attributes:
        now: Seconds since the Unix epoch.
        skew: How many seconds the clock of whoever asks is ahead of it, or behind.
    """

    def __init__(self) -> None:
        self.now = START
        self.skew: ContextVar[float] = ContextVar("skew", default=0.0)
        self._threads = {threading.get_ident()}

    def time(self) -> float:
        """Return the time as whoever asks sees it."""
        return self.now + self.skew.get()

    def monotonic(self) -> float:
        """Return the time for measuring with; a clock that is wrong still goes steadily."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        # The engine has a thread of its own that sleeps by the minute: its sleep is its own.
        if threading.get_ident() in self._threads:
            self.pass_by(seconds)
        else:
            _really_sleep(seconds)

    def pass_by(self, seconds: float) -> None:
        """Let time pass for whoever is running; the weather lets others run meanwhile."""
        self.now += seconds

    def adopt_thread(self) -> None:
        """Let the calling thread live in this time."""
        self._threads.add(threading.get_ident())

    @contextmanager
    def installed(self) -> Iterator[Self]:
        """Put it in the place of the real one."""
        virtual = self

        class VirtualDatetime(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # not Self: a plain one
                return datetime.fromtimestamp(virtual.time(), tz)

        with (
            patch.object(time, "time", self.time),
            patch.object(time, "monotonic", self.monotonic),
            patch.object(time, "sleep", self.sleep),
            patch.object(clock, "datetime", VirtualDatetime),
        ):
            yield self
