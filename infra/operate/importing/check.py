"""Checks records as the import function does, and says in sentences what is wrong where."""

import re
from collections.abc import Iterator

from pydantic import ValidationError

from functions.import_orders.bodies import OrderBody, StudioBody
from functions.import_orders.refusal_reasons import Fault, faults
from functions.import_orders.strict_json import UnreadableJsonError, read_json
from infra.operate.importing.fields import ImportKind, Location
from infra.operate.importing.records import Place, Problem, Record
from shared.domain.mail_address import unmailable_reason

_EMAIL: Location = ("parent", "email")
# The function's sentences about one field have no subject.
_NO_SUBJECT = ("must ", "may ", "is ", "has ")


def problems_of(record: Record, kind: ImportKind) -> list[Problem]:
    """Return why the import function would refuse a record, as far as the record alone says."""
    return [_problem(record, fault) for fault in _faults(record, kind)]


def mail_problem_of(record: Record) -> Problem | None:
    """Return why mail cannot be sent to the parent of an order that has no other problem."""
    email = OrderBody.model_validate(read_json(record.text)).parent.email
    reason = None if email is None else unmailable_reason(email)
    return None if reason is None else _problem(record, Fault(_EMAIL, reason))


def _faults(record: Record, kind: ImportKind) -> Iterator[Fault]:
    body = StudioBody if kind == "studios" else OrderBody
    try:
        body.model_validate(read_json(record.text))
    except ValidationError as error:
        yield from faults(error)
    except UnreadableJsonError as error:
        yield Fault((), str(error))


def _problem(record: Record, fault: Fault) -> Problem:
    location = fault.location or _first_field(fault.sentence)
    header = ".".join(map(str, location))
    place = record.places.get(location, Place(record.line, header=header))
    return Problem(place, _whole(fault.sentence))


def _first_field(sentence: str) -> Location:
    """Return the field that a sentence about the whole record names first."""
    named = re.search(r"[a-z]+(?:_[a-z]+)+", sentence)
    return (named[0],) if named else ()


def _whole(sentence: str) -> str:
    """Return a sentence that can stand alone."""
    if sentence.startswith(_NO_SUBJECT):
        return f"It {sentence}."
    return f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}."
