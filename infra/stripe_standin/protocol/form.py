"""Decodes Stripe's nested forms, such as `metadata[order]=1&expand[]=charge`."""

import re
from urllib.parse import parse_qsl

from starlette.requests import Request

from infra.stripe_standin.protocol.errors import StripeError, not_a_form
from infra.stripe_standin.records.base import JsonObject

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_MAX_FIELDS = 1000
_CONTENT_TYPE = "application/x-www-form-urlencoded"


def decode_form(text: str) -> JsonObject:
    """Return the parameters of a query string or form body as nested objects of strings.

    An object whose keys count up from 0 becomes a list. Metadata stays an object, because the
    caller chooses its keys.

    Raises:
        StripeError: If the text is not a form, or uses one name as a text and as an object.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise not_a_form() from error
    root: JsonObject = {}
    for key, value in pairs:
        _put(root, _segments(key), value)
    return {name: _lists_from_indexes(value, name) for name, value in root.items()}


def _segments(key: str) -> list[str]:
    match = _KEY.fullmatch(key)
    if match is None:
        return [key]
    return [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]


def _put(root: JsonObject, segments: list[str], value: str) -> None:
    node = root
    *parents, last = segments
    for segment in parents:
        child = node.setdefault(segment or str(len(node)), {})
        if not isinstance(child, dict):
            raise StripeError(400, f"Invalid object: {segments[0]}", param=segments[0])
        node = child
    node[last or str(len(node))] = value


def _lists_from_indexes(node: object, name: str) -> object:
    if not isinstance(node, dict) or name == "metadata":
        return node
    children = {key: _lists_from_indexes(child, key) for key, child in node.items()}
    if sorted(children) == sorted(str(index) for index in range(len(children))):
        return [children[str(index)] for index in range(len(children))]
    return children


async def read_form(request: Request) -> JsonObject:
    """Return the parameters of a request: its query string and its form body together.

    Raises:
        StripeError: If the body is not a form.
    """
    params = decode_form(request.url.query)
    body = await request.body()
    if not body:
        return params
    content_type = request.headers.get("content-type", _CONTENT_TYPE)
    if content_type.partition(";")[0].strip().lower() != _CONTENT_TYPE:
        raise not_a_form()
    try:
        return params | decode_form(body.decode())
    except UnicodeDecodeError as error:
        raise not_a_form() from error
