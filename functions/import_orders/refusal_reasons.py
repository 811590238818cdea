"""Why a line is refused, in sentences for the staff of a studio.

pydantic's own messages are for programmers, and name regular expressions and types.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from functions.import_orders.strict_json import plain_key

# pydantic's types of errors: https://docs.pydantic.dev/latest/errors/validation_errors/
_SENTENCES = {
    "bool_type": "must be true or false",
    "extra_forbidden": "is not a field of this format",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be a whole number, without quotation marks and decimals",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "model_type": "must be an object: {{…}}",
    "refused": "{sentence}",
    "string_too_long": "may have at most {max_length} characters",
    "string_too_short": "may not be empty",
    "string_type": "must be text",
    "string_unicode": "has half of a character",
    "too_long": "may have at most {max_length} entries",
    "too_short": "must have at least {min_length} entry",
    "value_error": "{error}",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line, and where. It repeats no value of the line."""

    location: tuple[int | str, ...]
    sentence: str

    def __str__(self) -> str:
        """Return the sentence with its place."""
        where = ".".join(map(plain_key, self.location))
        return f"{where}: {self.sentence}" if where else self.sentence


def faults(error: ValidationError) -> Iterator[Fault]:
    """Yield each fault of a line."""
    for each in error.errors(include_input=False, include_url=False):
        yield Fault(each["loc"], _sentence(each))


def _sentence(error: ErrorDetails) -> str:
    sentence = _SENTENCES.get(error["type"])
    return error["msg"] if sentence is None else sentence.format_map(error.get("ctx", {}))
