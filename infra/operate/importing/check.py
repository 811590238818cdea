"""Checks records as the import function does, and says in sentences what is wrong where."""

import json
import re
from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from functions.import_orders.bodies import OrderBody, StudioBody
from functions.import_orders.import_lines import ImportReport, parse
from infra.operate.importing.fields import ImportKind, Location
from infra.operate.importing.records import Place, Problem, Record

_SENTENCES = {
    "missing": "It is empty.",
    "extra_forbidden": "The import does not know this field.",
    "int_type": "It must be a whole number.",
    "string_type": "It must be text.",
    "bool_type": "It must be true or false.",
    "string_too_short": "It is empty.",
    "string_too_long": "It is longer than {max_length} characters.",
    "greater_than": "It must be more than {gt}.",
    "greater_than_equal": "It must not be less than {ge}.",
    "less_than_equal": "It must not be more than {le}.",
    "literal_error": "It must be {expected}.",
    "too_short": "There must be at least {min_length}.",
    "too_long": "There must be at most {max_length}.",
}
_PATTERNS = {
    r"^[A-Za-z0-9_-]{1,64}$": (
        "Only letters of English, digits, `-` and `_` are allowed, at most 64. "
        "In a mapping, `strip` takes other characters off the ends."
    ),
    r"^[A-Za-z0-9_]{1,255}$": "It is not an id of Stripe.",
}
_TEXT_PATTERN = "It needs a visible character, on one line."
_PATTERN_OF_FIELD = {
    "placed_at": "It must be a time with its offset, such as 2026-11-25T09:00:00Z.",
    "ledger_starts_at": "It must be a time with its offset, such as 2026-11-25T09:00:00Z.",
    "email": "It is not an email address.",
    "from_address": "It is not an email address.",
}


def problems_of(record: Record, kind: ImportKind) -> list[Problem]:
    """Return why the import function would refuse a record, as far as the record alone says."""
    body = StudioBody if kind == "studios" else OrderBody
    report = ImportReport()
    for _ in parse([record.text], record.line, body, report):
        return []
    errors = list(_errors(record.text, body))
    if errors:
        return [_problem(record, error) for error in errors]
    reason = report.refused[0]["reason"] if report.refused else "the line is empty"
    return [Problem(Place(record.line), f"The line is refused: {reason}.")]


def _errors(text: str, body: type[StudioBody | OrderBody]) -> Iterator[ErrorDetails]:
    """Yield what the body refuses. It yields nothing if the text is not JSON."""
    try:
        body.model_validate(json.loads(text))
    except ValidationError as error:
        # The input is left out: it may hold names and addresses.
        yield from error.errors(include_input=False, include_url=False)
    except (ValueError, RecursionError):
        return


def _problem(record: Record, error: ErrorDetails) -> Problem:
    sentence = _sentence(error)
    location = error["loc"] or _first_field(sentence)
    header = ".".join(str(step) for step in location)
    return Problem(record.places.get(location, Place(record.line, header=header)), sentence)


def _first_field(sentence: str) -> Location:
    """Return the field that a sentence about the whole record names first."""
    named = re.search(r"[a-z]+(?:_[a-z]+)+", sentence)
    return (named[0],) if named else ()


def _sentence(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        last = str(error["loc"][-1])
        known = _PATTERN_OF_FIELD.get(last) or _PATTERNS.get(context["pattern"])
        return known or _TEXT_PATTERN
    template = _SENTENCES.get(error["type"])
    if template is not None:
        return template.format(**context)
    message = error["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{message[:1].upper()}{message[1:]}."
