"""An answer to an HTTP request that never left this process."""

from collections.abc import Coroutine, Mapping
from typing import Any

# Status, headers and body.
type Answer = tuple[int, Mapping[str, str], bytes]


def run_without_waiting[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that never waits.

    Raises:
        RuntimeError: It waits for something.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # the coroutine's own
    coroutine.close()
    raise RuntimeError("the coroutine waits for something")
