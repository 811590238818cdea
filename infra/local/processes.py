"""Starts background processes and stops them again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.failure import Failure

_STOP_GRACE_SECONDS = 15.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Background:
    """A background process with a process group of its own.

    Attributes:
        name: Its name in messages.
        log: The file of its output.
    """

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def wait_for(self, url: str, *, within_s: float = 30.0) -> None:
        """Wait until the process answers at a URL.

        Raises:
            Failure: It ends or stays silent.
        """
        deadline = time.monotonic() + within_s
        with httpx.Client(timeout=2, trust_env=False) as client:
            while time.monotonic() < deadline:
                if self.process.poll() is not None:
                    ended = f"{self.name} ended at once: {self._last_line()}"
                    raise Failure(f"{ended} (see {self.log})")
                try:
                    if client.get(url).is_success:
                        return
                except httpx.TransportError:
                    time.sleep(_POLL_SECONDS)
        raise Failure(f"{self.name} did not answer in {within_s:.0f} s (see {self.log})")

    def _last_line(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no output"


@contextmanager
def background(
    command: Sequence[str | Path], *, name: str, log: Path, env: Mapping[str, str], cwd: Path
) -> Iterator[Background]:
    """Run a process for as long as the context lasts.

    The process gets a session of its own. Ctrl-C in the terminal then reaches
    only us, and we stop everything in order. Its standard input is a pipe that
    we hold open (see `exit_with_parent.py`).
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands, without a shell
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Background(name, log, process)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate the process, wait for it, and kill the rest of its group."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    # Usually the group is empty by now.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()


def claim_port(port: int, *, setting: str) -> int:
    """Return the port if it is free, or a free one for 0.

    Args:
        port: The wanted port.
        setting: The variable that sets the port, for the error message.

    Raises:
        Failure: Another program uses the port.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise Failure(f"Port {port}: {reason}. Choose another with {setting}=") from error
        chosen: int = probe.getsockname()[1]
    return chosen
