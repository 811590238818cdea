"""One stack for a whole test run, however many worker processes it has.

The first test that needs the stack starts its host; the other workers find it.
The process that started pytest holds the *tether*, a named pipe that the host
reads: when it lets go, by ending in whatever way, the host stops everything.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import pytest

from infra.local.stack import STACK_FILE, Stack
from infra.paths import LOCAL, ROOT

TETHER = "tether"
FAILURE = "failure"
_HOST_LOG = "host.log"
_START_WITHIN_S = 240
_STOP_WITHIN_S = 60


@dataclass
class StackRun:
    """The stack of this test run, seen from the process that started pytest.

    Attributes:
        directory: Where the stack's files are; kept when a test failed.
    """

    directory: Path
    _tether: int

    @classmethod
    def begin(cls) -> "StackRun":
        directory = LOCAL / "test-runs" / str(os.getpid())
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        os.mkfifo(directory / TETHER)
        # For reading as well, or opening would wait for the host.
        return cls(directory, os.open(directory / TETHER, os.O_RDWR))

    def end(self, *, keep_files: bool) -> None:
        os.close(self._tether)
        if not self._wait_until_stopped():
            pytest.exit(f"the stack did not stop: {self.directory}", returncode=1)
        if not keep_files:
            shutil.rmtree(self.directory)

    def _wait_until_stopped(self) -> bool:
        if not (self.directory / _HOST_LOG).exists():
            return True
        deadline = time.monotonic() + _STOP_WITHIN_S
        with (self.directory / ".lock").open("a") as lock:  # the stack holds it while it runs
            while time.monotonic() < deadline:
                try:
                    flock(lock, LOCK_EX | LOCK_NB)
                except BlockingIOError:
                    time.sleep(0.1)
                else:
                    return True
        return False


def obtain_stack(directory: Path) -> Stack:
    """Return the run's stack; start it if nobody has."""
    with (directory / "start.lock").open("a") as lock:
        flock(lock, LOCK_EX)
        if not (directory / _HOST_LOG).exists():
            _start_host(directory)
    deadline = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < deadline:
        if (directory / STACK_FILE).exists():
            return Stack.described_in(directory / STACK_FILE)
        if (directory / FAILURE).exists():
            pytest.fail(f"the stack did not start: {(directory / FAILURE).read_text()}")
        time.sleep(0.1)
    pytest.fail(f"the stack did not start in {_START_WITHIN_S} s, see {directory / _HOST_LOG}")


def _start_host(directory: Path) -> None:
    with (directory / _HOST_LOG).open("wb") as log:
        host = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "tests.stack.host", str(directory)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # It outlives this worker: whoever holds the tether ends it, not we.
    host.returncode = 0
