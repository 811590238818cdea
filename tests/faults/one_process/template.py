"""What the template deploys. The harness wires its functions, tables and queues from it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from infra.paths import TEMPLATE

_HANDLER = re.compile(r"functions\.(\w+)\.handler\.lambda_handler")


class _Loader(yaml.CSafeLoader):
    """Reads CloudFormation's YAML; a reference becomes the name it refers to."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, node: node.value)


@dataclass(frozen=True)
class DeployedFunction:
    """A function as the template deploys it.

    Attributes:
        environment: Its environment variables; a value may be a reference.
        role: Its role, by its name in the template.
        routes: The method and the pattern of the path of each route.
        queue: The queue that it reads, by its name in the template, or None.
        batch_size: How many messages it gets at most.
        maximum_concurrency: How many of it at most read the queue, or None without a limit.
    """

    name: str
    environment: Mapping[str, str]
    role: str
    timeout_seconds: int
    routes: tuple[tuple[str, re.Pattern[str]], ...]
    queue: str | None
    batch_size: int
    maximum_concurrency: int | None


@dataclass(frozen=True)
class Schedule:
    """A schedule that calls a function.

    Attributes:
        event: The event that the function gets, as JSON.
    """

    function: str
    interval_seconds: int
    event: str


@cache
def resources() -> Mapping[str, Any]:
    """Return the template's resources, without those that a stack has only if it asks for them."""
    found: Mapping[str, Any] = _document()["Resources"]
    return {name: each for name, each in found.items() if "Condition" not in each}


def of_type(kind: str) -> dict[str, Any]:
    """Return the properties of the resources of a type, by resource name."""
    return {
        name: each.get("Properties", {})
        for name, each in resources().items()
        if each["Type"] == kind
    }


def parameter(value: object) -> object:
    """Return the default of the parameter that a value names, or the value if it names none."""
    parameters = _document()["Parameters"]
    if isinstance(value, str) and value in parameters:
        return parameters[value]["Default"]
    return value


@cache
def schedules() -> Sequence[Schedule]:
    """Return the functions' schedules."""
    return [
        Schedule(name, _interval_seconds(plan["ScheduleExpression"]), plan.get("Input", "{}"))
        for name, properties in _functions()
        for plan in (each["Properties"] for each in properties.get("Events", {}).values())
        if "ScheduleExpression" in plan
    ]


@cache
def functions() -> Mapping[str, DeployedFunction]:
    """Return the functions by name."""
    common = _document()["Globals"]["Function"]["Environment"]["Variables"]
    return {
        name: _function(
            name, properties, common | properties.get("Environment", {}).get("Variables", {})
        )
        for name, properties in _functions()
    }


@cache
def permissions(function: str) -> frozenset[tuple[str, str]]:
    """Return what a function's code may do: actions, each with a resource.

    A resource is named as in the template: ``OrdersTable``, ``OrdersTable/index/OpenIndex``.
    """
    role = functions()[function].role
    own = of_type("AWS::IAM::Role")[role]["Policies"]
    others = [each for each in of_type("AWS::IAM::Policy").values() if role in each["Roles"]]
    return frozenset(
        (action, _resource_name(resource))
        for policy in [*own, *others]
        if policy["PolicyName"] == "code"
        for statement in policy["PolicyDocument"]["Statement"]
        for action in _as_list(statement["Action"])
        for resource in _as_list(statement["Resource"])
    )


def queue_readers() -> dict[str, str]:
    """Return the functions that read a queue, with the queue's name."""
    return {each.name: each.queue for each in functions().values() if each.queue is not None}


@cache
def _document() -> Any:  # noqa: ANN401  # YAML
    return yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506  # a safe loader


def _functions() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for properties in of_type("AWS::Serverless::Function").values():
        match = _HANDLER.fullmatch(properties["Handler"])
        if match is None:
            raise ValueError(f"the template names an unknown handler: {properties['Handler']}")
        yield match[1], properties


def _function(
    name: str, properties: Mapping[str, Any], environment: Mapping[str, Any]
) -> DeployedFunction:
    events = list(properties.get("Events", {}).values())
    source = next((each["Properties"] for each in events if each["Type"] == "SQS"), None)
    mapping = source or {}
    return DeployedFunction(
        name=name,
        environment={key: str(value) for key, value in environment.items()},
        role=properties["Role"].removesuffix(".Arn"),
        timeout_seconds=int(properties["Timeout"]),
        routes=tuple(_routes(events)),
        queue=source["Queue"].removesuffix(".Arn") if source else None,
        batch_size=int(mapping.get("BatchSize", 10)),
        maximum_concurrency=mapping.get("ScalingConfig", {}).get("MaximumConcurrency"),
    )


def _routes(events: list[Mapping[str, Any]]) -> Iterator[tuple[str, re.Pattern[str]]]:
    for each in events:
        if each["Type"] == "Api":
            path = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", each["Properties"]["Path"])
            yield each["Properties"]["Method"].upper(), re.compile(path)


def _interval_seconds(expression: str) -> int:
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if match is not None:
        return int(match[1]) * {"minute": 60, "hour": 3600, "day": 86400}[match[2]]
    if expression.startswith("cron("):
        return 86400
    raise ValueError(f"the harness does not understand the schedule {expression}")


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _resource_name(reference: str) -> str:
    """Return ``OrdersTable/index/OpenIndex`` of ``${OrdersTable.Arn}/index/OpenIndex``."""
    return re.sub(r"^\$?{?(\w+)\.(?:Arn|Id)}?", r"\1", reference)
