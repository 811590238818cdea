"""Pretended time for the thread of a test alone.

A worker of the tests has other threads: the event loop of the stand-in, and the engine's, which
sleeps for minutes. With the test's time they would run wild, and pass the test's time themselves.
"""

import threading
from collections.abc import Callable


def in_own_thread[**Arguments, Result](
    pretended: Callable[Arguments, Result], real: Callable[Arguments, Result]
) -> Callable[Arguments, Result]:
    """Return a function that pretends in the calling thread, and is real in all others."""
    own = threading.get_ident()

    def choose(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        chosen = pretended if threading.get_ident() == own else real
        return chosen(*arguments, **named)

    return choose
