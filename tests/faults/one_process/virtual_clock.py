"""Virtual time: it passes only when the harness moves it, so days cost nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, tzinfo
from typing import Self
from unittest.mock import patch

from shared import clock

# A Thursday noon, in the middle of a month.
START = datetime.fromisoformat("2026-10-15T12:00:00+00:00").timestamp()

_real_monotonic = time.monotonic
_real_sleep = time.sleep


class VirtualClock:
    """The one clock of a world: for the functions, the engine and the stand-in.

    Attributes:
        now: Seconds since the Unix epoch.
        skew: How many seconds the caller's clock is ahead; negative if behind.
        wait: Passes some seconds. The weather replaces it, so that others run meanwhile.
    """

    def __init__(self) -> None:
        self.now = START
        self.skew: ContextVar[float] = ContextVar("skew", default=0.0)
        self.wait: Callable[[float], None] = self.advance
        self._threads = {threading.get_ident()}

    def time(self) -> float:
        """Return the time on the caller's clock."""
        return self.now + self.skew.get()

    def monotonic(self) -> float:
        """Return the time for measuring durations, without skew: real time in other threads."""
        # The event loop of a server in another thread would wait until the virtual time comes.
        return self.now if threading.get_ident() in self._threads else _real_monotonic()

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass in the world's threads, and real time in any other thread."""
        # The engine has its own thread, which sleeps for minutes of real time.
        if threading.get_ident() in self._threads:
            self.wait(seconds)
        else:
            _real_sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.now += seconds

    def adopt_thread(self) -> None:
        """Use virtual time in the calling thread."""
        self._threads.add(threading.get_ident())

    @contextmanager
    def installed(self) -> Iterator[Self]:
        """Replace the real clock."""
        virtual = self

        class VirtualDatetime(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a plain datetime, not Self
                return datetime.fromtimestamp(virtual.time(), tz)

        with (
            patch.object(time, "time", self.time),
            patch.object(time, "monotonic", self.monotonic),
            patch.object(time, "sleep", self.sleep),
            patch.object(clock, "datetime", VirtualDatetime),
        ):
            yield self
