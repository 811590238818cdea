"""Checks requests and responses against Stripe's own OpenAPI description and fixtures.

The description (API version 2023-08-16, trimmed to what refunds need) is beside the repository,
in `../shared/stripe/`. Tests that need it skip if it is missing (`needs_spec`). It lacks the
fields and events that Stripe added later, and accepts additional fields in responses. What the
stand-in needs of those is added here, after Stripe's documentation.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from infra.stripe_standin.records.base import JsonObject

_FOLDER = Path(__file__).parents[3] / "shared" / "stripe"
_SPEC = _FOLDER / "openapi-refunds-2023-08-16.json"
_FIXTURES = _FOLDER / "fixtures.json"
SPEC_IS_HERE = _SPEC.is_file() and _FIXTURES.is_file()

needs_spec = pytest.mark.skipif(
    not SPEC_IS_HERE, reason="Stripe's OpenAPI description is not beside the repository"
)


_FUNDS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}},
        "required": ["amount", "currency"],
    },
}
_BALANCE = {
    "type": "object",
    "properties": {
        "object": {"enum": ["balance"]},
        "available": _FUNDS,
        "pending": _FUNDS,
        "livemode": {"type": "boolean"},
    },
    "required": ["object", "available", "pending", "livemode"],
}


_ACCOUNT = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "object": {"enum": ["account"]},
        "charges_enabled": {"type": "boolean"},
        "payouts_enabled": {"type": "boolean"},
        "details_submitted": {"type": "boolean"},
        "requirements": {
            "type": "object",
            "properties": {"disabled_reason": {"type": ["string", "null"]}},
            "required": ["disabled_reason"],
        },
        "type": {"enum": ["standard", "express", "custom", "none"]},
    },
    "required": ["id", "object", "charges_enabled", "payouts_enabled", "details_submitted"],
}
_APPLICATION = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "name": {"type": ["string", "null"]},
        "object": {"enum": ["application"]},
    },
    "required": ["id", "name", "object"],
}


class UndescribedError(LookupError):
    """The description lacks this operation or object."""


def validate_response(method: str, path: str, status: int, body: JsonObject) -> None:
    """Check a response of Stripe.

    Args:
        method: Such as `POST`.
        path: Such as `/v1/refunds/re_1/cancel`; a query string is ignored.
        status: The HTTP status.
        body: The decoded JSON.

    Raises:
        UndescribedError: If the description lacks the operation.
        jsonschema.ValidationError: If the response is not as described.
    """
    template = _template(method, path)
    validator = _response_validator(method.lower(), template, "200" if status == 200 else "default")
    validator.validate(body)


def validate_request(method: str, path: str, params: JsonObject) -> None:
    """Check the parameters of a request to Stripe.

    Args:
        method: Such as `POST`.
        path: Such as `/v1/refunds`; a query string is ignored.
        params: Nested parameters, such as
            `{"charge": "ch_1", "amount": "100", "metadata": {"order_id": "o1"}}`. Numbers and
            booleans may be texts.

    Raises:
        UndescribedError: If the description lacks the operation.
        jsonschema.ValidationError: If Stripe would refuse the parameters.
    """
    _request_validator(method.lower(), _template(method, path)).validate(params)


def validate_object(kind: str, body: JsonObject) -> None:
    """Check one object, such as the `refund` in an event. Of a list, check each object in it.

    Raises:
        UndescribedError: If the description lacks the kind.
        jsonschema.ValidationError: If the object is not as described.
    """
    if kind == "list":
        for item in body["data"]:
            validate_object(item["object"], item)
        return
    if kind not in _spec()["components"]["schemas"]:
        raise UndescribedError(kind)
    _validator(json.dumps({"$ref": f"#/components/schemas/{kind}"})).validate(body)


def required_fields(kind: str) -> list[str]:
    """Return the fields that every object of a kind has."""
    required: list[str] = _spec()["components"]["schemas"][kind]["required"]
    return required


def fixture(kind: str) -> JsonObject:
    """Return Stripe's own example of a kind of object."""
    examples: JsonObject = _load(_FIXTURES)
    return dict(examples[kind])


def operations() -> list[tuple[str, str]]:
    """Return the method and path template of every described operation."""
    return [(method.upper(), path) for path, item in _spec()["paths"].items() for method in item]


@cache
def _load(path: Path) -> JsonObject:
    content: JsonObject = json.loads(path.read_text())
    return content


@cache
def _spec() -> JsonObject:
    spec = _load(_SPEC)
    schemas = spec["components"]["schemas"]
    schemas["dispute"]["properties"]["status"]["enum"].append("prevented")
    schemas |= {"account": _ACCOUNT, "application": _APPLICATION, "balance": _BALANCE}
    # https://docs.stripe.com/api/disputes/list takes the parameters that the list of refunds takes.
    refunds = json.dumps(spec["paths"]["/v1/refunds"]["get"])
    disputes = refunds.replace("schemas/refund", "schemas/dispute").replace("/refunds", "/disputes")
    spec["paths"]["/v1/disputes"] = {"get": json.loads(disputes)}
    return spec


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
    responses = _spec()["paths"][template][method]["responses"]
    return _validator(json.dumps(responses[status]["content"]["application/json"]["schema"]))


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
    """Convert OpenAPI 3.0 into JSON Schema, where null is a type.

    Args:
        node: Any part of a schema.
        as_text: Whether numbers and booleans may be texts, as in forms.
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
