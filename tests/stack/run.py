"""One stack for a whole test run, however many worker processes it has.

The first test that needs the stack starts its host. The other workers find it.
The process that started pytest holds a named pipe open, and the host reads it.
When that process ends, however it ends, so does the pipe. Then the host stops everything.
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

STOP_PIPE = "stop-pipe"
FAILURE = "failure"
_HOST_LOG = "host.log"
# With the first build of all functions, on a busy machine.
_START_WITHIN_S = 900
_STOP_WITHIN_S = 180


@dataclass
class StackRun:
    """The stack of this test run, for the process that started pytest.

    Attributes:
        directory: Where the stack's files are; kept when a test failed.
    """

    directory: Path
    _stop_pipe: int

    @classmethod
    def begin(cls) -> "StackRun":
        directory = LOCAL / "test-runs" / str(os.getpid())
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        os.mkfifo(directory / STOP_PIPE)
        # Also for reading: opening for writing alone would wait for the host.
        return cls(directory, os.open(directory / STOP_PIPE, os.O_RDWR))

    def end(self, *, keep_files: bool) -> None:
        os.close(self._stop_pipe)
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
    """Return the run's stack. Start it if no other worker has."""
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
    # It outlives this worker: the process that holds the pipe ends it.
    host.returncode = 0
