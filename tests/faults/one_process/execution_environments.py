"""The functions' real handlers in this process, each in execution environments of its own."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

from shared.edge.observability import logger, metrics

# The packages whose objects are the product's.
_OURS = ("functions.", "shared.")


class ExecutionEnvironment:
    """One execution environment of a function: its handler's module, executed separately."""

    def __init__(self, function: str) -> None:
        self._module = _execute_module(f"functions.{function}.handler")
        self._after_import = [
            (each, _state(each))
            for each in _reachable(vars(self._module).values())
            if each not in (logger, metrics)  # all functions in this process share them
        ]

    def handle(self, event: object, context: object) -> Any:  # noqa: ANN401  # depends on the function
        """Call the handler."""
        return self._module.lambda_handler(event, context)

    def restart(self) -> None:
        """Set all objects of the module back to their state after import.

        Caches are empty and connections closed. A new import would do the same, but slowly.
        """
        for each, state in self._after_import:
            if hasattr(each, "cache_clear"):
                each.cache_clear()
            else:
                _set_back(each, state)
        metrics.clear_metrics()
        logger.clear_state()


class ExecutionEnvironments:
    """The execution environments of all functions, made when they are needed."""

    def __init__(self) -> None:
        self._idle: dict[str, list[ExecutionEnvironment]] = {}

    @contextmanager
    def acquire(self, function: str) -> Iterator[ExecutionEnvironment]:
        """Take an idle environment of a function, or a new one. It restarts if the call fails."""
        idle = self._idle.setdefault(function, [])
        environment = idle.pop() if idle else ExecutionEnvironment(function)
        try:
            yield environment
        except BaseException:
            environment.restart()
            raise
        finally:
            idle.append(environment)

    def restart_all(self) -> None:
        """Restart all environments."""
        for idle in self._idle.values():
            for environment in idle:
                environment.restart()


def _reachable(found: Iterable[object]) -> Iterator[Any]:
    """Yield a module's objects that have a state, and the product's objects inside them."""
    waiting, seen = list(found), set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | ModuleType):
            continue
        seen.add(id(each))
        is_ours = type(each).__module__.startswith(_OURS)
        if is_ours or hasattr(each, "__dict__"):
            yield each
        if is_ours:
            waiting += _state(each).values()


def _state(each: object) -> dict[str, Any]:
    """Return an object's attributes. Those that are filled later, such as a cache, are copies."""
    slots = {
        name: getattr(each, name)
        for kind in type(each).__mro__
        for name in getattr(kind, "__slots__", ())
        if not name.startswith("__") and hasattr(each, name)
    }
    return _with_copies(slots | getattr(each, "__dict__", {}))


def _set_back(each: object, state: Mapping[str, Any]) -> None:
    if hasattr(each, "__dict__"):
        vars(each).clear()
    for name, value in _with_copies(state).items():
        object.__setattr__(each, name, value)  # also of frozen objects


def _with_copies(state: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: copy(value) if isinstance(value, dict | list | set) else value
        for name, value in state.items()
    }


def _execute_module(name: str) -> ModuleType:
    """Return a second copy of a module, which shares nothing with the imported one."""
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(name)
    module, imported = module_from_spec(spec), sys.modules.get(name)
    # pydantic looks for its models' modules there.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules.pop(name)
        if imported is not None:
            sys.modules[name] = imported
    return module
