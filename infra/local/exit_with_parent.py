"""Runs a Python program that ends when whoever started it is gone, even killed outright.

    python exit_with_parent.py program.py ARGUMENT...
    python exit_with_parent.py -m package.module ARGUMENT...

Standard input is the tether: a pipe nobody writes to. It ends when its other
end does. Standard library only: the engine's interpreter runs this too.
"""

import os
import runpy
import signal
import sys
import threading
from pathlib import Path


def hold_on() -> None:
    """Turn the end of standard input into SIGTERM."""

    def wait() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    hold_on()
    if sys.argv[1] == "-m":
        sys.argv = sys.argv[2:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = sys.argv[1:]
        runpy.run_path(sys.argv[0], run_name="__main__")
