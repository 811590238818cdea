"""Reading the lines of an import file, and reporting each line's result."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import extract_tb
from typing import TypedDict

from pydantic import BaseModel, ValidationError

from functions.import_orders.refusal_reasons import faults
from functions.import_orders.strict_json import UnreadableJsonError, read_json
from shared.edge.observability import count, logger

# Programs on Windows put it at the start of a file: https://www.unicode.org/faq/utf_bom.html#bom4
_BYTE_ORDER_MARK = "\ufeff"


class LineReason(TypedDict):
    """A line, and why it was refused or what is special about it. It holds no personal data."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Numbered[Content]:
    """A line's content, with its number in the file."""

    line: int
    content: Content


@dataclass(slots=True)
class ImportReport:
    """How many lines were imported, updated or unchanged, and which were refused.

    ``unmailable`` has the orders that are stored, but whose parents cannot get mail.
    """

    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[LineReason] = field(default_factory=list)
    unmailable: list[LineReason] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        """Report a line that was not imported."""
        self.refused.append({"line": line, "reason": reason})

    def add(self, other: "ImportReport") -> None:
        """Add another report's lines to this one."""
        self.imported += other.imported
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.refused += other.refused
        self.unmailable += other.unmailable


def parse[Body: BaseModel](
    lines: Iterable[object], first_line: int, body: type[Body], report: ImportReport
) -> Iterator[Numbered[Body]]:
    """Yield the lines that are well-formed, and report the others.

    Args:
        lines: One JSON object each. Empty lines are skipped.
        first_line: The number of the first line in its file.
        body: The form that each line must have.
        report: Gets the lines that are not well-formed.
    """
    for number, line in enumerate(lines, first_line):
        read: Body | None = None
        with one_line(number, report):
            read = _read(line, number, body)
        if read is not None:
            yield Numbered(number, read)


@contextmanager
def one_line(number: int, report: ImportReport) -> Iterator[None]:
    """Report a line that cannot be read, and go on with the next.

    Without this, one line that nobody thought of would keep all others from being imported.
    """
    try:
        yield
    except ValidationError as error:
        report.refuse(number, "; ".join(map(str, faults(error))))
    except UnreadableJsonError as error:
        report.refuse(number, str(error))
    except Exception as fault:  # noqa: BLE001  # logged, counted and reported with its line
        # The fault's text is left out: it may hold names and addresses.
        last = extract_tb(fault.__traceback__)[-1]
        logger.error(
            "line fault",
            line=number,
            fault=type(fault).__name__,
            place=f"{last.name}:{last.lineno}",
        )
        count("ImportLineFault")
        report.refuse(number, "the import has a fault that this line shows; send the line to PPS")


def _read[Body: BaseModel](line: object, number: int, body: type[Body]) -> Body | None:
    """Return a line's record, or None if the line is empty."""
    if not isinstance(line, str):
        raise UnreadableJsonError("the line is not text; send each line as a string")
    text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
    if not text.strip():
        return None
    value = read_json(text)
    if not isinstance(value, dict):
        raise UnreadableJsonError("not a record; a line is one JSON object: {…}")
    return body.model_validate(value)
