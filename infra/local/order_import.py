"""Imports studios and orders from files through the deployed import function."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from functions.import_orders.bodies import OrderBody
from functions.import_orders.import_lines import ImportReport, parse
from infra.failure import Failure
from infra.local.engine import Aws

_LINES_PER_CALL = 200
_BYTES_PER_CALL = 4_000_000  # Lambda accepts 6 MB

type ImportKind = Literal["studios", "orders"]


@dataclass(frozen=True)
class RejectedLine:
    """A line that was refused."""

    line: int
    reason: str


@dataclass
class Imported:
    """The result of an import.

    Attributes:
        imported: How many lines are new.
        unchanged: How many lines were already there.
        updated: How many stored records the lines have changed.
        refused: The lines that were refused.
        records: The parsed lines that were accepted.
    """

    imported: int = 0
    unchanged: int = 0
    updated: int = 0
    refused: list[RejectedLine] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the counts that are not zero, in words."""
        parts = [f"{self.imported} imported"]
        parts += [f"{self.updated} updated"] if self.updated else []
        parts += [f"{self.unchanged} unchanged"] if self.unchanged else []
        parts += [f"{len(self.refused)} refused"] if self.refused else []
        return ", ".join(parts)


def import_file(
    aws: Aws,
    function: str,
    kind: ImportKind,
    path: Path,
    *,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Imported:
    """Import a file of JSON lines.

    Raises:
        Failure: The file cannot be read, or all of its lines are refused.
    """
    lines = read_lines(path)
    done = Imported()
    for first, chunk in _chunks(lines):
        on_progress(f"{first - 1} of {len(lines)} {kind}")
        answer = _invoke(aws, function, {kind: chunk, "first_line": first})
        refused = [
            RejectedLine(refusal["line"], refusal["reason"]) for refusal in answer["refused"]
        ]
        done.imported += answer["imported"]
        done.unchanged += answer["unchanged"]
        done.updated += answer["updated"]
        done.refused += refused
        numbers = {refusal.line for refusal in refused}
        done.records += [
            json.loads(line)
            for number, line in enumerate(chunk, first)
            if number not in numbers and line.strip()
        ]
    if not done.records:
        first_refusal = next((f"line {r.line}: {r.reason}" for r in done.refused), "empty")
        raise Failure(f"{path}: none of its {kind} could be imported ({first_refusal})")
    return done


def well_formed_orders(path: Path) -> list[dict[str, Any]]:
    """Return the orders of a file, without the lines that the import cannot read.

    Raises:
        Failure: It is not a readable text file.
    """
    lines = read_lines(path)
    readable = parse(lines, 1, OrderBody, ImportReport())
    return [json.loads(lines[each.line - 1]) for each in readable]


def read_lines(path: Path) -> list[str]:
    """Read a file's lines.

    Raises:
        Failure: It is not a readable text file.
    """
    try:
        # Not splitlines: a JSON string may contain Unicode's other line separators.
        return path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: not UTF-8 text (byte {error.start})") from error


def _chunks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield as many lines as fit into one call, with the number of the first line."""
    chunk: list[str] = []
    size = 0
    first = 1
    for number, line in enumerate(lines, 1):
        length = len(line.encode()) + 10
        if chunk and (len(chunk) == _LINES_PER_CALL or size + length > _BYTES_PER_CALL):
            yield first, chunk
            chunk, size, first = [], 0, number
        chunk.append(line)
        size += length
    if chunk:
        yield first, chunk


def _invoke(aws: Aws, function: str, event: dict[str, Any]) -> dict[str, Any]:
    answer = aws.lambda_.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload = answer["Payload"].read().decode()
    result: dict[str, Any] = json.loads(payload)
    if answer.get("FunctionError") or "error" in result:
        raise Failure(f"The import failed: {payload[:500]}")
    return result
