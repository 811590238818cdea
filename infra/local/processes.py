"""Starts background processes and sees to it that they end."""

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

from infra.operate.failure import Failure

_STOP_GRACE_S = 15.0
_POLL_S = 0.05


@dataclass(frozen=True)
class Background:
    """A process that runs beside us, with a process group of its own.

    Attributes:
        name: What it is, for people.
        log: Where its output goes.
    """

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def wait_for(self, url: str, *, within_s: float = 30.0) -> None:
        """Wait until it answers.

        Raises:
            Failure: When it ends or stays silent.
        """
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                message = f"{self.name} ended at once: {self._last_line()} (see {self.log})"
                raise Failure(message)
            try:
                if httpx.get(url, timeout=2, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                time.sleep(_POLL_S)
        message = f"{self.name} did not answer in {within_s:.0f} s (see {self.log})"
        raise Failure(message)

    def _last_line(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no output"


@contextmanager
def background(
    command: Sequence[str | Path], *, name: str, log: Path, env: Mapping[str, str], cwd: Path
) -> Iterator[Background]:
    """Run a process for as long as the context lasts.

    It gets a session of its own, so that a Ctrl-C in the terminal reaches only
    us and everything is stopped in order. Its standard input is a pipe held
    open here (see `exit_with_parent.py`).
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
    """Ask the process to end, wait, and sweep what is left of its group."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    # Mostly nobody is left in the group, which is as it should be.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()


def claim_port(port: int, *, setting: str) -> int:
    """Return the port if it can be had; 0 picks a free one.

    Args:
        port: The wanted port.
        setting: The variable that moves it, for the error message.

    Raises:
        Failure: When somebody else has it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            message = f"port {port}: {why}. Choose another with {setting}="
            raise Failure(message) from error
        chosen: int = probe.getsockname()[1]
    return chosen
