"""What ends a command with one clear line instead of a traceback."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class Failure(Exception):  # noqa: N818 - it is read as a word: "raise Failure(...)"
    """Something the person at the keyboard can understand and act on."""


def run_tool(
    command: Sequence[str | Path],
    *,
    what: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a tool to its end.

    Args:
        command: The program and its arguments.
        what: What it does, for the error message.
        cwd: Where it runs.
        env: Its whole environment; None to hand ours on.

    Returns:
        What it printed.

    Raises:
        Failure: When it is missing or fails, with the last lines it printed.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the commands are our own, without a shell
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        message = f"{what}: {command[0]} is missing"
        raise Failure(message) from error
    if done.returncode != 0:
        said = "\n".join(done.stdout.strip().splitlines()[-15:])
        message = f"{what} failed: {said}"
        raise Failure(message)
    return done.stdout
