"""The tables in ``docs/bench.md``: a run of one part replaces that part's tables."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from tests.bench.report import ReportTable

_HEAD = (
    "# Benchmarks\n\nMeasured with `make bench`; each table has the day on which it was measured."
)
_SECTION = re.compile(r"^(?=## )", re.MULTILINE)


def keep(tables: Iterable[ReportTable], results: Path, day: date, *, whole: bool) -> None:
    """Write tables to the results' file.

    Args:
        tables: The new tables.
        results: The file.
        day: When they were measured.
        whole: Whether these are all tables. If not, the file's other tables stay.
    """
    sections = {} if whole else _sections(results)
    for table in tables:
        text = table.markdown()
        title, note = f"## {table.title}", table.note
        sections[title] = text.replace(note, f"{note} Measured on {day}.", 1)
    results.parent.mkdir(exist_ok=True)
    text = "\n\n".join([_HEAD, *sections.values()])
    results.write_text(text + "\n", encoding="utf-8")


def _sections(results: Path) -> dict[str, str]:
    """Return the file's sections by their headings."""
    if not results.is_file():
        return {}
    _, *sections = _SECTION.split(results.read_text(encoding="utf-8"))
    return {each.partition("\n")[0]: each.strip() for each in sections}
