"""Failures that a person at the keyboard can act on."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

_LINES_SHOWN = 15


class Failure(Exception):  # noqa: N818 - it reads as a word: "raise Failure(...)"
    """A foreseen failure. Commands print its message in one line, without a traceback."""


@contextmanager
def one_line_for_failures() -> Iterator[None]:
    """Print a failure in one line, and exit 1."""
    try:
        yield
    except Failure as failure:
        typer.echo(f"error: {failure}", err=True)
        raise typer.Exit(1) from None


def run_tool(
    command: Sequence[str | Path],
    *,
    what: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a program until it ends and return its output.

    Args:
        command: The program and its arguments.
        what: What the program does, for the error message.
        cwd: The directory it runs in.
        env: Its whole environment; None passes on ours.

    Raises:
        Failure: The program is missing or fails. The message has its last lines of output.
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
        raise Failure(f"{what}: {command[0]} is missing") from error
    if done.returncode != 0:
        last_lines = "\n".join(done.stdout.strip().splitlines()[-_LINES_SHOWN:])
        raise Failure(f"{what} failed: {last_lines}")
    return done.stdout


def show_tool(
    command: Sequence[str | Path],
    *,
    what: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a program that talks to the person at the keyboard, until it ends.

    Args:
        command: The program and its arguments.
        what: What the program does, for the error message.
        cwd: The directory it runs in.
        env: Variables that are added to our environment.

    Raises:
        Failure: The program is missing or fails. It has shown why.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the commands are our own, without a shell
            [str(part) for part in command],
            cwd=cwd,
            env=os.environ | dict(env or {}),
            check=False,
        )
    except FileNotFoundError as error:
        raise Failure(f"{what}: {command[0]} is missing") from error
    if done.returncode != 0:
        raise Failure(f"{what} failed, see above")
