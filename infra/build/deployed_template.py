"""The template as CloudFormation deploys it, after SAM's own transformation."""

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.local.environments import install_tools
from infra.paths import ENGINE_PYTHON, TEMPLATE

# The code's place that `sam deploy` would put in.
_CODE = "s3://artifacts/code"
# Runs in the environment that has SAM's translator. No policy of AWS's is named, so none is loaded.
_TRANSFORM = """
import json, sys
from types import SimpleNamespace
from samtranslator.translator.transform import transform
source = json.load(sys.stdin)
policies = SimpleNamespace(load=lambda: {})
json.dump(transform(source["template"], source["parameters"], policies), sys.stdout)
"""


class _Loader(yaml.CSafeLoader):
    """Reads CloudFormation's short forms as its long ones."""


def _long_form(loader: yaml.Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # a mapping
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def source_template(path: Path = TEMPLATE) -> dict[str, Any]:
    """Return a template as it is written, with CloudFormation's functions in their long form."""
    found: dict[str, Any] = json.loads(_read(path))
    return found


@cache
def _read(path: Path) -> str:
    # As text, because who gets the template may change it, and reading its YAML takes seconds.
    return json.dumps(yaml.load(path.read_text(), _Loader))  # noqa: S506  # a safe loader


@cache
def transformed_template(parameters: tuple[tuple[str, str], ...]) -> str:
    """Return the template that SAM makes, as JSON.

    Args:
        parameters: Names and values; the others have their defaults.
    """
    install_tools()
    template = source_template()
    for each in template["Resources"].values():
        if each["Type"] == "AWS::Serverless::Function":
            each["Properties"]["CodeUri"] = _CODE
    done = subprocess.run(  # noqa: S603  # our own script
        [ENGINE_PYTHON, "-c", _TRANSFORM],
        input=json.dumps({"template": template, "parameters": dict(parameters)}),
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def deployed_resources(parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the resources that CloudFormation gets, by logical id.

    Args:
        parameters: The parameters' values; the others have their defaults.
    """
    transformed = json.loads(transformed_template(tuple(sorted((parameters or {}).items()))))
    resources: dict[str, Any] = transformed["Resources"]
    return resources
