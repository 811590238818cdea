"""Runs a Python program that exits when its parent process is gone, even if that was killed.

    python exit_with_parent.py program.py ARGUMENT...
    python exit_with_parent.py -m package.module ARGUMENT...

The parent holds the other end of standard input open and never writes to it. Standard input ends
when the parent does. Uses the standard library only: the engine's interpreter runs this too.
"""

import os
import runpy
import signal
import sys
import threading
from pathlib import Path


def exit_with_parent() -> None:
    """Send this process SIGTERM when standard input ends."""

    def wait_for_end() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_end, daemon=True).start()


if __name__ == "__main__":
    exit_with_parent()
    if sys.argv[1] == "-m":
        sys.argv = sys.argv[2:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = sys.argv[1:]
        runpy.run_path(sys.argv[0], run_name="__main__")
