"""The functions' real handlers in this process, each in execution environments of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

from shared.edge.observability import logger, metrics


class ExecutionEnvironment:
    """One execution environment of a function: its handler's module, executed separately."""

    def __init__(self, function: str) -> None:
        self._module = _execute_module(f"functions.{function}.handler")
        self._after_import = [
            (each, dict(vars(each)))
            for each in vars(self._module).values()
            if not isinstance(each, type | ModuleType)
            and hasattr(each, "__dict__")
            and each not in (logger, metrics)  # all functions in this process share them
        ]

    def handle(self, event: object, context: object) -> Any:  # noqa: ANN401  # depends on the function
        """Call the handler."""
        return self._module.lambda_handler(event, context)

    def restart(self) -> None:
        """Set the module's globals back to their values after import.

        Caches are empty and connections closed. A new import would do the same, but slowly.
        """
        for each, attributes in self._after_import:
            if hasattr(each, "cache_clear"):
                each.cache_clear()
            else:
                vars(each).clear()
                vars(each).update(attributes)
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
