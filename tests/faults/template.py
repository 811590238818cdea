"""What the template deploys, read so that a world in one process is wired the same way."""

import re
from collections.abc import Iterator, Mapping
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
        every_seconds: How often it is called by a schedule, with ``schedule_input``; or None.
    """

    name: str
    environment: Mapping[str, str]
    timeout_seconds: int
    routes: tuple[tuple[str, re.Pattern[str]], ...]
    queue: str | None
    every_seconds: int | None
    schedule_input: str


@cache
def resources() -> Mapping[str, Any]:
    """Return the template's resources."""
    return dict(_document()["Resources"])


@cache
def functions() -> Mapping[str, Function]:
    """Return the functions by name."""
    common = _document()["Globals"]["Function"]["Environment"]["Variables"]
    found = {}
    for properties in of_type("AWS::Serverless::Function").values():
        match = _HANDLER.fullmatch(properties["Handler"])
        if match is None:
            raise ValueError(f"a handler that is none of ours: {properties['Handler']}")
        own = properties.get("Environment", {}).get("Variables", {})
        found[match[1]] = _function(match[1], properties, common | own)
    return found


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
    schedules = [each["Properties"] for each in events if each["Type"] == "ScheduleV2"]
    queues = [each["Properties"]["Queue"] for each in events if each["Type"] == "SQS"]
    return Function(
        name=name,
        environment={key: str(value) for key, value in environment.items()},
        timeout_seconds=int(properties["Timeout"]),
        routes=tuple(_routes(events)),
        queue=queues[0].removesuffix(".Arn") if queues else None,
        every_seconds=_seconds(schedules[0]["ScheduleExpression"]) if schedules else None,
        schedule_input=schedules[0].get("Input", "{}") if schedules else "{}",
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
