"""Reads the nested forms Stripe takes: `metadata[order]=1&expand[]=charge`."""

import re
from urllib.parse import parse_qsl

from infra.stripe_standin.errors import StripeError, not_a_form
from infra.stripe_standin.records import Json

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_MAX_FIELDS = 1000


def decode_form(text: str) -> Json:
    """Return the parameters of a query string or form body as nested objects of strings.

    An object whose keys count up from 0 becomes a list, except metadata, whose keys are the
    caller's own.

    Raises:
        StripeError: If the text is not a form, or gives one name two meanings.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise not_a_form() from error
    root: Json = {}
    for key, value in pairs:
        _put(root, _segments(key), value)
    return {name: _with_lists(value, name) for name, value in root.items()}


def _segments(key: str) -> list[str]:
    match = _KEY.fullmatch(key)
    if match is None:
        return [key]
    return [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]


def _put(root: Json, segments: list[str], value: str) -> None:
    node = root
    *parents, last = segments
    for segment in parents:
        child = node.setdefault(segment or str(len(node)), {})
        if not isinstance(child, dict):
            raise StripeError(400, f"Invalid object: {segments[0]}", param=segments[0])
        node = child
    node[last or str(len(node))] = value


def _with_lists(node: object, name: str) -> object:
    if not isinstance(node, dict):
        return node
    if name == "metadata":
        return node
    children = {key: _with_lists(child, key) for key, child in node.items()}
    if sorted(children) == sorted(str(index) for index in range(len(children))):
        return [children[str(index)] for index in range(len(children))]
    return children
