"""Reading CSV: the separator, the header, and rows with the lines on which they begin."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from infra.failure import Failure
from infra.operate.importing.records import Place
from infra.operate.importing.text_file import open_text

_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Header:
    """The first row of a file.

    Attributes:
        path: The file.
        names: The headers as the file has them.
        separator: The character between two cells.
    """

    path: Path
    names: tuple[str, ...]
    separator: str

    def index(self, name: str) -> int | None:
        """Return the column with this header, without regard to case and spaces, or None."""
        wanted = _plain(name)
        for index, each in enumerate(self.names):
            if _plain(each) == wanted:
                return index
        return None

    def place(self, line: int, index: int | None) -> Place:
        """Return the place of a cell. Without an index it is the whole row."""
        if index is None:
            return Place(line)
        return Place(line, column_letters(index), self.names[index].strip())


@dataclass(frozen=True)
class Row:
    """A row, with the line on which it begins."""

    line: int
    cells: tuple[str, ...]


def column_letters(index: int) -> str:
    """Return a column as spreadsheets name it: 0 is A, 26 is AA."""
    letters = ""
    rest = index + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def read_header(path: Path) -> Header:
    """Return a file's header.

    Raises:
        Failure: The file is empty or no CSV, or two columns have the same header.
    """
    with open_text(path) as file:
        separator = _separator(file)
        file.seek(0)
        first = next(_rows(path, file, separator), None)
    if first is None:
        raise Failure(f"{path}: the file is empty.")
    header = Header(path, first.cells, separator)
    named = [_plain(each) for each in header.names if each.strip()]
    twice = next((each for each in header.names if named.count(_plain(each)) > 1), None)
    if twice is not None:
        raise Failure(f"{path}: two columns have the header {twice.strip()!r}. Rename one of them.")
    return header


def read_rows(header: Header) -> Iterator[Row]:
    """Yield the rows under the header. Empty rows are left out, and short ones are filled up.

    Raises:
        Failure: A quote is not closed, or a row has more cells than the header.
    """
    width = len(header.names)
    with open_text(header.path) as file:
        rows = _rows(header.path, file, header.separator)
        next(rows)
        for row in rows:
            cells = row.cells
            if any(each.strip() for each in cells[width:]):
                raise Failure(
                    f"{header.path}: line {row.line} has {len(cells)} cells, and the header has "
                    f"{width}. A cell that contains the separator needs quotes around it."
                )
            yield Row(row.line, (*cells[:width], *[""] * (width - len(cells))))


def read_groups(header: Header, key: Callable[[Row], tuple[str, ...]]) -> Iterator[list[Row]]:
    """Yield the rows that have the same key, ordered by the first row of each group.

    A database in a temporary file collects the rows, so the size of the file does not matter.
    SQLite deletes the file.

    Args:
        header: The file's header.
        key: Returns what the rows of a group have in common.

    Raises:
        Failure: See `read_rows`.
    """
    with closing(sqlite3.connect("")) as rows:
        rows.execute("CREATE TABLE first_lines (key TEXT PRIMARY KEY, line INT) WITHOUT ROWID")
        rows.execute(
            "CREATE TABLE cells (first INT, line INT, cells TEXT, PRIMARY KEY (first, line))"
            " WITHOUT ROWID"
        )
        for row in read_rows(header):
            group = json.dumps(key(row))
            rows.execute("INSERT OR IGNORE INTO first_lines VALUES (?, ?)", (group, row.line))
            rows.execute(
                "INSERT INTO cells SELECT line, ?, ? FROM first_lines WHERE key = ?",
                (row.line, json.dumps(row.cells), group),
            )
        group_rows: list[Row] = []
        current: int | None = None
        for first, line, cells in rows.execute("SELECT * FROM cells ORDER BY first, line"):
            if first != current and group_rows:
                yield group_rows
                group_rows = []
            current = first
            group_rows.append(Row(line, tuple(json.loads(cells))))
        if group_rows:
            yield group_rows


def _rows(path: Path, file: TextIO, separator: str) -> Iterator[Row]:
    reader = csv.reader(file, delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Failure(
                f"{path}: the row that begins on line {line} is not CSV ({error}). Is a quote "
                "not closed?"
            ) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield Row(line, tuple(cells))


def _separator(file: TextIO) -> str:
    """Return the separator that the first line has most often outside quotes."""
    first = next((line for line in file if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)


def _plain(header: str) -> str:
    return "".join(header.split()).casefold()
