"""Reading the lines of an import file, and reporting each line's result."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypedDict

from pydantic import BaseModel, ValidationError


class RefusedLine(TypedDict):
    """A line that was not imported, and the reason. The reason holds no personal data."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Numbered[Content]:
    """A line's content, with its number in the file."""

    line: int
    content: Content


@dataclass(slots=True)
class ImportReport:
    """How many lines were imported, updated or unchanged, and which were refused."""

    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[RefusedLine] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        """Report a line that was not imported."""
        self.refused.append({"line": line, "reason": reason})

    def add(self, other: "ImportReport") -> None:
        """Add another report's lines to this one."""
        self.imported += other.imported
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.refused += other.refused


def parse[Body: BaseModel](
    lines: Iterable[str], first_line: int, body: type[Body], report: ImportReport
) -> Iterator[Numbered[Body]]:
    """Yield the lines that are well-formed, and report the others.

    Args:
        lines: One JSON object each. Empty lines are skipped.
        first_line: The number of the first line in its file.
        body: The form that each line must have.
        report: Gets the lines that are not well-formed.
    """
    for number, line in enumerate(lines, first_line):
        if not line.strip():
            continue
        try:
            yield Numbered(number, body.model_validate(json.loads(line)))
        except ValidationError as error:
            report.refuse(number, "; ".join(_reasons(error)))
        except (ValueError, RecursionError):
            report.refuse(number, "not JSON")


def _reasons(error: ValidationError) -> Iterator[str]:
    # The input is left out: it may hold names and addresses.
    for each in error.errors(include_input=False, include_url=False, include_context=False):
        where = ".".join(str(part) for part in each["loc"])
        yield f"{where}: {each['msg']}" if where else each["msg"]
