"""Calls something many times at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from shared.domain.errors import DomainError


def at_once[Result](count: int, call: Callable[[int], Result]) -> list[Result]:
    """Call ``call(0)`` to ``call(count - 1)`` at the same moment; return the results in order."""
    start = threading.Barrier(count)

    def one(number: int) -> Result:
        start.wait()
        return call(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def race[Result](count: int, call: Callable[[int], Result]) -> list[Result | DomainError]:
    """Call at the same moment, as ``at_once`` does; return results and refusals."""

    def one(number: int) -> Result | DomainError:
        try:
            return call(number)
        except DomainError as refusal:
            return refusal

    return at_once(count, one)
