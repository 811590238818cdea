"""Checks requests and answers against Stripe's own OpenAPI description and fixtures.

The description (API version 2023-08-16, trimmed to what refunds need) lies beside the
repository, in `../shared/stripe/`. Where it is absent, tests that need it skip (`needs_spec`).
Fields and events that Stripe added later are not in it; it lets further fields of answers pass.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

type Json = dict[str, Any]

_FOLDER = Path(__file__).parents[3] / "shared" / "stripe"
_SPEC = _FOLDER / "openapi-refunds-2023-08-16.json"
_FIXTURES = _FOLDER / "fixtures.json"
SPEC_IS_HERE = _SPEC.is_file() and _FIXTURES.is_file()

needs_spec = pytest.mark.skipif(
    not SPEC_IS_HERE, reason="Stripe's OpenAPI description is not beside the repository"
)


class UndescribedError(LookupError):
    """The description has no such endpoint or object."""


def validate_response(method: str, path: str, status: int, body: Json) -> None:
    """Check an answer of Stripe's.

    Args:
        method: Such as `POST`.
        path: Such as `/v1/refunds/re_1/cancel`; a query string is ignored.
        status: The HTTP status.
        body: The decoded JSON.

    Raises:
        UndescribedError: If the description has no such endpoint.
        jsonschema.ValidationError: If the answer is not as described.
    """
    template = _template(method, path)
    validator = _response_validator(method.lower(), template, "200" if status == 200 else "default")
    validator.validate(body)


def validate_request(method: str, path: str, params: Json) -> None:
    """Check the parameters of a request to Stripe.

    Args:
        method: Such as `POST`.
        path: Such as `/v1/refunds`; a query string is ignored.
        params: Nested parameters, numbers and booleans as such or as text, as in
            `{"charge": "ch_1", "amount": "100", "metadata": {"order_id": "o1"}}`.

    Raises:
        UndescribedError: If the description has no such endpoint.
        jsonschema.ValidationError: If Stripe would not take the parameters.
    """
    _request_validator(method.lower(), _template(method, path)).validate(params)


def validate_object(kind: str, body: Json) -> None:
    """Check one object, such as the `refund` in an event.

    Raises:
        UndescribedError: If the description has no such kind.
        jsonschema.ValidationError: If the object is not as described.
    """
    if kind not in _spec()["components"]["schemas"]:
        raise UndescribedError(kind)
    _validator(json.dumps({"$ref": f"#/components/schemas/{kind}"})).validate(body)


def required_fields(kind: str) -> list[str]:
    """Return the fields every object of a kind has."""
    required: list[str] = _spec()["components"]["schemas"][kind]["required"]
    return required


def fixture(kind: str) -> Json:
    """Return Stripe's own example of a kind of object."""
    examples: Json = _load(_FIXTURES)
    return dict(examples[kind])


def operations() -> list[tuple[str, str]]:
    """Return method and path template of every endpoint described."""
    return [(method.upper(), path) for path, item in _spec()["paths"].items() for method in item]


@cache
def _load(path: Path) -> Json:
    content: Json = json.loads(path.read_text())
    return content


def _spec() -> Json:
    return _load(_SPEC)


def _template(method: str, path: str) -> str:
    plain = path.partition("?")[0]
    for template, item in _spec()["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, plain) and method.lower() in item:
            return str(template)
    message = f"{method} {plain}"
    raise UndescribedError(message)


@cache
def _response_validator(method: str, template: str, status: str) -> Draft202012Validator:
    answers = _spec()["paths"][template][method]["responses"]
    return _validator(json.dumps(answers[status]["content"]["application/json"]["schema"]))


@cache
def _request_validator(method: str, template: str) -> Draft202012Validator:
    operation = _spec()["paths"][template][method]
    if method == "post":
        content = operation["requestBody"]["content"]
        schema = content["application/x-www-form-urlencoded"]["schema"]
    else:
        in_query = [p for p in operation.get("parameters", []) if p["in"] == "query"]
        schema = {
            "type": "object",
            "properties": {p["name"]: p["schema"] for p in in_query},
            "required": [p["name"] for p in in_query if p["required"]],
            "additionalProperties": False,
        }
    return Draft202012Validator(_json_schema(schema, as_text=True))


@cache
def _validator(schema: str) -> Draft202012Validator:
    whole = json.loads(schema) | {"components": _spec()["components"]}
    return Draft202012Validator(_json_schema(whole, as_text=False))


def _json_schema(node: Any, *, as_text: bool) -> Any:  # noqa: ANN401 - any JSON
    """Turn OpenAPI 3.0 into JSON Schema, whose null is a type of its own.

    Args:
        node: Any part of a schema.
        as_text: Whether numbers and booleans may be written as text, as forms do.
    """
    if isinstance(node, list):
        return [_json_schema(item, as_text=as_text) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: _json_schema(value, as_text=as_text) for key, value in node.items()}
    if as_text and schema.get("type") == "integer":
        return {"anyOf": [schema, {"type": "string", "pattern": r"^-?\d+$"}]}
    if as_text and schema.get("type") == "boolean":
        return {"anyOf": [schema, {"enum": ["true", "false"]}]}
    if schema.pop("nullable", False) is True:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema
