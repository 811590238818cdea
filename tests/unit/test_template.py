"""The template, the code and the API's description have the same functions and routes."""

import json
from collections.abc import Iterator
from typing import Any

from infra.paths import FUNCTIONS, ROOT
from tests.bench.start_up import template
from tests.e2e import test_least_privilege

NAMES = {path.parent.name for path in FUNCTIONS.glob("*/handler.py")}
DEPLOYED = [
    each["Properties"]
    for each in template()["Resources"].values()
    if each["Type"] == "AWS::Serverless::Function"
]


def routes(function: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for event in function.get("Events", {}).values():
        if event["Type"] == "Api":
            yield event["Properties"]["Method"], event["Properties"]["Path"]


def test_every_function_is_deployed_from_its_folder_and_no_other() -> None:
    assert {each["CodeUri"] for each in DEPLOYED} == {f"build/{name}/" for name in NAMES}
    assert {each["Handler"] for each in DEPLOYED} == {
        f"functions.{name}.handler.lambda_handler" for name in NAMES
    }


def test_the_role_of_every_function_is_tested() -> None:
    assert set(test_least_privilege.FUNCTIONS) == NAMES


def test_every_route_is_deployed_and_described() -> None:
    description = json.loads((ROOT / "docs" / "openapi.json").read_text())
    described = [
        (method.upper(), path) for path, each in description["paths"].items() for method in each
    ]
    deployed = [route for function in DEPLOYED for route in routes(function)]
    assert sorted(deployed) == sorted(described)
