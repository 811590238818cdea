"""Strict reading of Stripe's objects."""

from collections.abc import Mapping
from typing import Any


class MalformedStripeObjectError(Exception):
    """A Stripe object lacks a field that this product needs, or has it in another form."""


def string(source: Mapping[str, Any], name: str) -> str:
    """Return a field that must be a non-empty string.

    Raises:
        MalformedStripeObjectError: It is missing or something else.
    """
    value = source.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedStripeObjectError(f"no {name}")
    return value


def optional_id(source: Mapping[str, Any], name: str) -> str | None:
    """Return the text of a field, or the id if Stripe has expanded it to an object, or None."""
    value = source.get(name)
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and value else None
