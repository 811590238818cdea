"""Reading one line of JSON in the one way that every reader agrees on.

https://www.rfc-editor.org/rfc/rfc8259 leaves repeated keys and huge numbers to each reader, and
https://www.rfc-editor.org/rfc/rfc7493 says which of them to avoid.
"""

import json
import math
import re
from typing import Any, Never

# More than any amount of money has.
_MAX_DIGITS = 18

# Other keys are not repeated to people: they could hold anything.
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


class UnreadableJsonError(ValueError):
    """A text cannot be read in one certain way. The message is a reason for people."""


def read_json(text: str) -> object:
    """Return what a JSON text says.

    Raises:
        UnreadableJsonError: It is not JSON, or readers could understand it differently.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_short_integer,
        )
        # An escape may stand for half of a character, which cannot be stored.
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise UnreadableJsonError(f"not JSON, from character {error.pos + 1} on") from error
    except UnicodeEncodeError as error:
        raise UnreadableJsonError(
            "a text has half of a character (a lone surrogate, \\ud800 to \\udfff)"
        ) from error
    except RecursionError as error:
        raise UnreadableJsonError("not a record: the JSON is nested too deeply") from error
    return value


def plain_key(key: object) -> str:
    """Return a key that is safe to repeat to people, or words instead of it."""
    text = str(key)
    return text if _PLAIN_KEY.fullmatch(text) else "(an unreadable key)"


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise UnreadableJsonError(f"the key {plain_key(key)} stands twice")
        found[key] = value
    return found


def _refuse_constant(name: str) -> Never:
    raise UnreadableJsonError(f"{name} is not a number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise UnreadableJsonError("a number is too large")
    return number


def _short_integer(text: str) -> int:
    if len(text.lstrip("-")) > _MAX_DIGITS:
        raise UnreadableJsonError(f"a number has more than {_MAX_DIGITS} digits")
    return int(text)
