"""Reading an import file of either format."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.operate.importing.check import problems_of
from infra.operate.importing.csv_records import csv_records
from infra.operate.importing.csv_table import Header, read_header
from infra.operate.importing.fields import ImportKind
from infra.operate.importing.json_records import json_records
from infra.operate.importing.mapping import Mapping, template_mapping
from infra.operate.importing.records import Record
from infra.operate.importing.text_file import is_json_lines


@dataclass(frozen=True)
class ImportFile:
    """A file of studios or orders.

    Attributes:
        path: The file.
        kind: What it has.
        header: Its header, or None if it is JSON Lines.
        mapping: Which column feeds which field. JSON Lines needs none.
    """

    path: Path
    kind: ImportKind
    header: Header | None
    mapping: Mapping

    @classmethod
    def at(cls, path: Path, kind: ImportKind, mapping: Mapping | None = None) -> "ImportFile":
        """Return the file at a path. Without a mapping a CSV file has the template's columns.

        Raises:
            Failure: It cannot be read, or has no header.
        """
        header = None if is_json_lines(path) else read_header(path)
        return cls(path, kind, header, mapping or template_mapping(kind))

    def records(self, from_line: int = 1) -> Iterator[Record]:
        """Yield the records in the order in which they begin, each with all its problems.

        Args:
            from_line: Records that begin before it are left out, and not checked.

        Raises:
            Failure: The file does not fit the mapping, or is no CSV.
        """
        if self.header is None:
            found = json_records(self.path)
        else:
            found = csv_records(self.kind, self.header, self.mapping)
        for record in found:
            if record.line < from_line:
                continue
            record.problems = record.problems or problems_of(record, self.kind)
            yield record
