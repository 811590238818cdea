"""Ends a command in one line when it is interrupted, also while it still imports its modules."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# A shell's status for a program that ended by signal 2 (POSIX, "Exit Status for Commands").
INTERRUPTED_STATUS = 130


@contextmanager
def one_line_for_interrupts() -> Iterator[None]:
    """Print "Stopped." and exit with 130 on Ctrl-C. Wrap a command's imports in it, too."""
    try:
        yield
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)  # noqa: T201 - a console may not be imported yet
        raise SystemExit(INTERRUPTED_STATUS) from None
