"""The functions' real handlers in this process, each in execution environments of its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

from shared.edge.observability import logger, metrics
from tests.faults import engine, stripe_here, template
from tests.faults.engine import Engine

# One for all functions: logs and metrics go nowhere here.
_OWN = {"POWERTOOLS_SERVICE_NAME": "faults"}

_SETTINGS = {
    "AWS_ENDPOINT_URL": engine.URL,
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_TRACE_DISABLED": "true",
}


class Process:
    """An execution environment of a function: a module of its own, used by one call at a time."""

    def __init__(self, name: str) -> None:
        self._module = _executed(f"functions.{name}.handler")
        self._as_imported = [
            (each, dict(vars(each)))
            for each in vars(self._module).values()
            if not isinstance(each, type | ModuleType)
            and hasattr(each, "__dict__")
            and each not in (logger, metrics)  # all functions' in this process
        ]

    def handle(self, event: object, context: object) -> Any:  # noqa: ANN401  # whatever a function answers
        """Call the handler."""
        return self._module.lambda_handler(event, context)

    def restart(self) -> None:
        """Make it a new environment: its globals are what they were after the import.

        Caches are empty and connections unmade. Importing anew would do the same, slowly.
        """
        for each, attributes in self._as_imported:
            if hasattr(each, "cache_clear"):
                each.cache_clear()
            else:
                vars(each).clear()
                vars(each).update(attributes)
        metrics.clear_metrics()
        logger.clear_state()


class Processes:
    """The environments of all functions, made when they are needed."""

    def __init__(self) -> None:
        self._idle: dict[str, list[Process]] = {}

    @contextmanager
    def one_of(self, name: str) -> Iterator[Process]:
        """Take an idle environment of a function, or a new one; if it dies, it begins anew."""
        idle = self._idle.setdefault(name, [])
        process = idle.pop() if idle else Process(name)
        try:
            yield process
        except BaseException:
            process.restart()
            raise
        finally:
            idle.append(process)

    def restart_all(self) -> None:
        """Make all of them new environments."""
        for idle in self._idle.values():
            for process in idle:
                process.restart()


def settings(made: Engine) -> dict[str, str]:
    """Return the functions' settings, as a deployment would make them.

    A setting that two functions have must be the same for both: they share this environment.
    """
    values = dict(_SETTINGS)
    for function in template.functions().values():
        for name, reference in {**function.environment, **_OWN}.items():
            value = _resolved(made, reference)
            if values.setdefault(name, value) != value:
                raise ValueError(f"{name} is not the same for all functions")
    return values


def _executed(name: str) -> ModuleType:
    """Return a module, executed anew, beside one of the same name that may be imported already."""
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(name)
    module, other = module_from_spec(spec), sys.modules.get(name)
    # pydantic looks its models' modules up there.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules.pop(name)
        if other is not None:
            sys.modules[name] = other
    return module


def _resolved(made: Engine, reference: str) -> str:
    """Return what a deployment would put in the place of a reference."""
    logical = reference.partition(".")[0]
    known = {"StripeApiBase": stripe_here.URL, "StripeLivemode": "false"}
    if reference in known:
        return known[reference]
    kind = template.resources().get(logical, {}).get("Type")
    if kind == "AWS::SQS::Queue":
        return made.queue_url(logical)
    return str(template.parameter(reference)) if kind is None else logical
