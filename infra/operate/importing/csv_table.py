"""Reading CSV: the separator, the header, and rows with the lines on which they begin."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
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


def read_groups(header: Header, key: Callable[[Row], tuple[str, str]]) -> Iterator[list[Row]]:
    """Yield the rows that have the same key, ordered by the first row of each group.

    A database in a temporary file collects the rows, so the size of the file does not matter.
    SQLite deletes the file.

    Args:
        header: The file's header.
        key: Returns what the rows of a group have in common. If its second part is blank, the row
            joins the newest group with the same first part.

    Raises:
        Failure: See `read_rows`.
    """
    with closing(sqlite3.connect("")) as database:
        database.execute("CREATE TABLE first_lines (name TEXT, owner TEXT, line INT)")
        database.execute("CREATE INDEX by_name ON first_lines (name, owner)")
        database.execute(
            "CREATE TABLE cells (first INT, line INT, cells TEXT, PRIMARY KEY (first, line))"
            " WITHOUT ROWID"
        )
        for row in read_rows(header):
            first = _first_line(database, row, *key(row))
            database.execute(
                "INSERT INTO cells VALUES (?, ?, ?)", (first, row.line, json.dumps(row.cells))
            )
        ordered = database.execute("SELECT * FROM cells ORDER BY first, line")
        for _, rows in groupby(ordered, key=itemgetter(0)):
            yield [Row(line, tuple(json.loads(cells))) for _, line, cells in rows]


def _first_line(database: sqlite3.Connection, row: Row, name: str, owner: str) -> int:
    """Return the first line of a row's group, which may begin with this row."""
    known = database.execute(
        "SELECT line FROM first_lines WHERE name = ? AND (owner = ? OR ? = '')"
        " ORDER BY line DESC LIMIT 1",
        (name, owner, owner),
    ).fetchone()
    if known is None:
        database.execute("INSERT INTO first_lines VALUES (?, ?, ?)", (name, owner, row.line))
    return row.line if known is None else int(known[0])


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
