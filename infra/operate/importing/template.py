"""Templates: files to fill in, with one example."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Literal

from infra.operate.importing.fields import ImportKind, fields_of
from infra.operate.importing.read import ImportFile

type FileFormat = Literal["csv", "jsonl"]


def template(kind: ImportKind, file_format: FileFormat) -> str:
    """Return the text of a file with one example record, for people to fill in."""
    columns = [field for field in fields_of(kind).values() if field.in_template]
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(field.name for field in columns)
    writer.writerow(field.example for field in columns)
    if file_format == "csv":
        return written.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.csv"
        path.write_text(written.getvalue(), encoding="utf-8", newline="")
        return "".join(f"{each.text}\n" for each in ImportFile.at(path, kind).records())
