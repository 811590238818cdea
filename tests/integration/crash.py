"""Ends a function at a call: before the call is made, or after it, when its answer is lost."""

from collections.abc import Callable
from typing import Any


class CrashError(BaseException):
    """The function ended here. It is no ``Exception``, so no handler of ours catches it."""


class CrashingPart:
    """Wraps a part of a use case and ends the function at the nth call of one method.

    Args:
        part: The wrapped part.
        method: The method that ends the function.
        after: End after the call took effect; otherwise before it.
        nth: Which call ends the function, counted from 1.
    """

    def __init__(self, part: object, method: str, *, after: bool, nth: int = 1) -> None:
        self._part, self._method, self._after, self._calls_left = part, method, after, nth

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # any method of the part
        call = getattr(self._part, name)
        return self._crashing(call) if name == self._method else call

    def _crashing(self, call: Callable[..., object]) -> Callable[..., object]:
        def crash(*args: object, **kwargs: object) -> object:
            self._calls_left -= 1
            if self._calls_left:
                return call(*args, **kwargs)
            if self._after:
                call(*args, **kwargs)
            raise CrashError

        return crash
