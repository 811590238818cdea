"""Imports the files of `make run` as `operate import` does, and keeps what was accepted."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.failure import Failure
from infra.operate.functions import IMPORT_ORDERS, invoke
from infra.operate.importing.fields import ImportKind
from infra.operate.importing.read import ImportFile
from infra.operate.importing.records import Record
from infra.operate.importing.send import Counts, Importer
from infra.operate.stack import OperatedStack


@dataclass
class Imported:
    """The result of an import.

    Attributes:
        counts: How many records were imported and refused, and why.
        records: The accepted studios or orders, in the file's order.
    """

    counts: Counts
    records: list[dict[str, Any]] = field(default_factory=list)


def import_file(
    stack: OperatedStack, kind: ImportKind, path: Path, on_progress: Callable[[str], None]
) -> Imported:
    """Import a file.

    Raises:
        Failure: The file cannot be read, or all of its records are refused.
    """
    # Clients are made on first use, and threads must not make the same one at a time.
    _ = stack.aws.lambda_
    importer = Importer(
        kind,
        lambda event: invoke(stack, IMPORT_ORDERS, event),
        on_progress=lambda done, _: on_progress(f"{done} {kind}"),
    )
    done = Imported(importer.counts)

    def keep(record: Record) -> None:
        done.records.append(json.loads(record.text))

    importer.on_accepted = keep
    importer.send(ImportFile.at(path, kind).records())
    if not done.records:
        raise _nothing_to_import(path, kind, done.counts)
    return done


def well_formed(path: Path, kind: ImportKind) -> list[dict[str, Any]]:
    """Return the studios or orders of a file, without those that the import cannot read.

    Raises:
        Failure: It is not a readable text file, or has nothing that can be imported.
    """
    counts, found = Counts(), list[dict[str, Any]]()
    for record in ImportFile.at(path, kind).records():
        if record.problems:
            counts.problems += record.problems
        else:
            found.append(json.loads(record.text))
    if not found:
        raise _nothing_to_import(path, kind, counts)
    return found


def _nothing_to_import(path: Path, kind: ImportKind, counts: Counts) -> Failure:
    reason = str(counts.problems[0]) if counts.problems else "the file is empty"
    return Failure(f"{path}: none of its {kind} can be imported ({reason.rstrip('.')}).")
