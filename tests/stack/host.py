"""Runs the stack of a test run, in a process of its own: ``python -m tests.stack.host DIRECTORY``.

It stops when the pipe from the test run ends (see ``tests.stack.run``), and so also when pytest
was killed.
"""

import logging
import sys
from pathlib import Path

from infra.failure import Failure
from infra.local.options import Options
from infra.local.start_stack import start_stack
from infra.progress import LoggedProgress
from tests.stack.run import FAILURE, STOP_PIPE


def main(directory: Path) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # Only the studios: tests sell their own orders.
    options = Options(directory=directory, orders=None, port=0, stripe_port=0)
    try:
        with (
            (directory / STOP_PIPE).open("rb") as pipe,
            start_stack(options, LoggedProgress()),
        ):
            pipe.read()
    except BaseException as failure:
        (directory / FAILURE).write_text(f"{failure!r}")
        if isinstance(failure, Failure):
            return 1
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
