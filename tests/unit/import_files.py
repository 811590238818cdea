"""Import files for the tests: orders as rows of the template, and what reading them gives."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from infra.operate.importing.fields import ORDER_FIELDS, ImportKind
from infra.operate.importing.mapping import Mapping
from infra.operate.importing.read import ImportFile
from infra.operate.importing.records import Record

type Rows = list[dict[str, Any]]

TEMPLATE_COLUMNS = [field.name for field in ORDER_FIELDS if field.in_template]


def template_rows(order: dict[str, Any]) -> Rows:
    """Return an order as rows of the template: one for each line item."""
    names = {each["subject_id"]: each["name"] for each in order["subjects"]}
    day = order.get("photo_day") or {}
    shared = {
        **{name: order[name] for name in TEMPLATE_COLUMNS if name in order},
        "parent_name": order["parent"]["name"],
        "parent_email": order["parent"].get("email"),
        "photo_day_id": day.get("photo_day_id"),
        "photo_day_name": day.get("name"),
        **order["stripe"],
        "fulfillment_status": order["fulfillment"]["status"],
        "fulfillment_claimed_by": order["fulfillment"].get("claimed_by"),
    }
    rows = [
        shared | line | {"subject_name": names.get(line.get("subject_id"))}
        for line in order["line_items"]
    ]
    return [{name: row.get(name) for name in TEMPLATE_COLUMNS} for row in rows]


def csv_text(rows: Rows, separator: str = ",") -> str:
    """Return rows as CSV, with the header of their keys."""
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def write_file(folder: Path, text: str | bytes, name: str = "file.csv") -> Path:
    """Write a file as it is, without changing its line ends."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(path: Path, kind: ImportKind = "orders", mapping: Mapping | None = None) -> list[Record]:
    """Return the records of a file."""
    return list(ImportFile.at(path, kind, mapping).records())


def contents(records: list[Record]) -> list[dict[str, Any]]:
    """Return the JSON lines of records that have no problem."""
    assert [str(problem) for each in records for problem in each.problems] == []
    return [json.loads(record.text) for record in records]


def problems(records: list[Record]) -> list[str]:
    """Return the problems of records as sentences with their places."""
    return [str(problem) for each in records for problem in each.problems]
