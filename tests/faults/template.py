"""What the template deploys, read so that a world in one process is wired the same way."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from infra.paths import TEMPLATE

_HANDLER = re.compile(r"functions\.(\w+)\.handler\.lambda_handler")


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's YAML; a reference becomes the name it refers to."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, node: node.value)


@dataclass(frozen=True)
class Function:
    """A function: what it gets, how long it may take, and what calls it.

    Attributes:
        routes: ``(method, pattern of the path)`` of its API.
        queue: The queue it works off, as the template names it, or None.
    """

    name: str
    environment: Mapping[str, str]
    timeout_seconds: int
    routes: tuple[tuple[str, re.Pattern[str]], ...]
    queue: str | None


@dataclass(frozen=True)
class Schedule:
    """A schedule: which function it calls, how often, and with what."""

    function: str
    every_seconds: int
    event: str


@cache
def resources() -> Mapping[str, Any]:
    """Return the template's resources."""
    return dict(_document()["Resources"])


@cache
def schedules() -> Sequence[Schedule]:
    """Return the functions' schedules."""
    return [
        Schedule(name, _seconds(plan["ScheduleExpression"]), plan.get("Input", "{}"))
        for name, properties in _functions()
        for plan in (each["Properties"] for each in properties.get("Events", {}).values())
        if "ScheduleExpression" in plan
    ]


@cache
def functions() -> Mapping[str, Function]:
    """Return the functions by name."""
    common = _document()["Globals"]["Function"]["Environment"]["Variables"]
    return {
        name: _function(
            name, properties, common | properties.get("Environment", {}).get("Variables", {})
        )
        for name, properties in _functions()
    }


def _functions() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for properties in of_type("AWS::Serverless::Function").values():
        match = _HANDLER.fullmatch(properties["Handler"])
        if match is None:
            raise ValueError(f"a handler that is none of ours: {properties['Handler']}")
        yield match[1], properties


def of_type(kind: str) -> dict[str, Any]:
    """Return the properties of the resources of a type, by their names."""
    return {
        name: each.get("Properties", {})
        for name, each in resources().items()
        if each["Type"] == kind
    }


def parameter(value: object) -> object:
    """Return a parameter's default where a value is the parameter's name, or the value."""
    parameters = _document()["Parameters"]
    if isinstance(value, str) and value in parameters:
        return parameters[value]["Default"]
    return value


@cache
def _document() -> Any:  # noqa: ANN401  # YAML
    return yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506  # a safe loader


def _function(name: str, properties: Mapping[str, Any], environment: Mapping[str, Any]) -> Function:
    events = list(properties.get("Events", {}).values())
    queues = [each["Properties"]["Queue"] for each in events if each["Type"] == "SQS"]
    return Function(
        name=name,
        environment={key: str(value) for key, value in environment.items()},
        timeout_seconds=int(properties["Timeout"]),
        routes=tuple(_routes(events)),
        queue=queues[0].removesuffix(".Arn") if queues else None,
    )


def _routes(events: list[Mapping[str, Any]]) -> Iterator[tuple[str, re.Pattern[str]]]:
    for each in events:
        if each["Type"] == "Api":
            path = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", each["Properties"]["Path"])
            yield each["Properties"]["Method"].upper(), re.compile(path)


def _seconds(expression: str) -> int:
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if match is not None:
        return int(match[1]) * {"minute": 60, "hour": 3600, "day": 86400}[match[2]]
    if expression.startswith("cron("):
        return 86400
    raise ValueError(f"a schedule that is not understood: {expression}")
