"""The template's resources with parameters and conditions resolved, as one deployment gets them.

A name that only a deployment gives, such as a queue's ARN, stays the name that the template has.
"""

import json
from collections.abc import Mapping
from typing import Any

from infra.build.deployed_template import transformed_template

_PSEUDO_PARAMETERS = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "pps-refunds",
    "AWS::URLSuffix": "amazonaws.com",
}
_ABSENT = object()


def resolved_resources(parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the resources that a deployment with these parameters has, by logical id.

    Args:
        parameters: The parameters' values; the others have their defaults.
    """
    template = json.loads(transformed_template(tuple(sorted(parameters.items()))))
    defaults = {name: each.get("Default", "") for name, each in template["Parameters"].items()}
    values = {**_PSEUDO_PARAMETERS, **defaults, **parameters}
    resolver = _Resolver(template.get("Conditions", {}), values)
    return {
        name: {"Type": each["Type"], "Properties": resolver.value(each.get("Properties", {}))}
        for name, each in template["Resources"].items()
        if "Condition" not in each or resolver.holds(each["Condition"])
    }


class _Resolver:
    """Resolves CloudFormation's functions.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
    """

    def __init__(self, conditions: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self._conditions, self._values = conditions, values

    def holds(self, condition: Any) -> bool:  # noqa: ANN401  # a name or a function
        """Return whether a condition holds."""
        if isinstance(condition, str):
            return self.holds(self._conditions[condition])
        ((function, arguments),) = condition.items()
        match function:
            case "Condition":
                return self.holds(arguments)
            case "Fn::Equals":
                left, right = (self.value(each) for each in arguments)
                return bool(left == right)
            case "Fn::Not":
                return not self.holds(arguments[0])
            case "Fn::And":
                return all(self.holds(each) for each in arguments)
            case "Fn::Or":
                return any(self.holds(each) for each in arguments)
        raise ValueError(f"{function} is no condition's function")

    def value(self, node: Any) -> Any:  # noqa: ANN401  # any JSON
        """Return a part of the template with its functions resolved."""
        if isinstance(node, list):
            found = (self.value(each) for each in node)
            return [each for each in found if each is not _ABSENT]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, arguments),) = node.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._result(function, arguments)
        resolved = {name: self.value(each) for name, each in node.items()}
        return {name: each for name, each in resolved.items() if each is not _ABSENT}

    def _result(self, function: str, arguments: Any) -> Any:  # noqa: ANN401, PLR0911  # any JSON, a case for each function
        match function:
            case "Ref" if arguments == "AWS::NoValue":
                return _ABSENT
            case "Ref":
                return self._values.get(arguments, arguments)
            case "Fn::If":
                condition, then, otherwise = arguments
                return self.value(then if self.holds(condition) else otherwise)
            case "Fn::Sub":
                return arguments if isinstance(arguments, str) else arguments[0]
            case "Fn::GetAtt":
                return ".".join(arguments) if isinstance(arguments, list) else arguments
            case "Fn::Join" if isinstance(arguments[1], list):
                return arguments[0].join(str(self.value(each)) for each in arguments[1])
            case "Fn::Join":
                return self.value(arguments[1])
        return json.dumps(arguments)  # a lookup, such as Fn::FindInMap
