"""What the template has under some of its conditions, and what its policies allow."""

from collections.abc import Mapping
from typing import Any

from infra.build.deployed_template import source_template

_NO_VALUE = {"Ref": "AWS::NoValue"}


def resources_if(*conditions: str) -> dict[str, Any]:
    """Return the resources of the template as if exactly these conditions were true."""
    chosen = {
        name: each
        for name, each in source_template()["Resources"].items()
        if each.get("Condition") is None or each["Condition"] in conditions
    }
    found: dict[str, Any] = _decided(chosen, conditions)
    return found


def _decided(value: Any, conditions: tuple[str, ...]) -> Any:  # noqa: ANN401  # any part of a template
    """Return a part of the template with each ``Fn::If`` decided, without what has no value."""
    if isinstance(value, dict):
        if value.keys() == {"Fn::If"}:
            condition, when_true, when_false = value["Fn::If"]
            return _decided(when_true if condition in conditions else when_false, conditions)
        decided = {name: _decided(each, conditions) for name, each in value.items()}
        return {name: each for name, each in decided.items() if each != _NO_VALUE}
    if isinstance(value, list):
        return [
            each for each in (_decided(each, conditions) for each in value) if each != _NO_VALUE
        ]
    return value


def statements_of(resources: Mapping[str, Any], role: str) -> list[dict[str, Any]]:
    """Return the statements of a role's own policies, and of the policies that name the role."""
    own = [each["PolicyDocument"] for each in resources[role]["Properties"].get("Policies", [])]
    others = [
        each["Properties"]["PolicyDocument"]
        for each in resources.values()
        if each["Type"] == "AWS::IAM::Policy" and {"Ref": role} in each["Properties"]["Roles"]
    ]
    return [each for document in own + others for each in document["Statement"]]


def actions_of(statement: Mapping[str, Any]) -> list[str]:
    """Return the actions of a policy's statement."""
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else list(actions)
