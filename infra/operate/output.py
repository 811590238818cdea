"""Prints what an operation found or did: for people, or as JSON on standard output."""

import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from infra.progress import ConsoleProgress
from shared.edge.observability import logger

# Wider than any table, to measure how wide one is.
_WIDEST = 100_000

# A failed operation prints one line, its error.
progress = ConsoleProgress(Console(stderr=True), show_failed=False)


def print_json(result: object) -> None:
    """Print a result as JSON, escaped to ASCII."""
    typer.echo(json.dumps(result, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as a table, or one value a line if the table is wider than the terminal.

    Ids and amounts are there to be copied, so no value is cut or broken. In a pipe or a file, each
    row is one line. Values may come from anywhere and are made safe for terminals.
    """
    cells = [[_printable(str(cell)) for cell in row] for row in rows]
    table = Table()
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in cells:
        table.add_row(*map(escape, row))
    console = Console()
    width = Measurement.get(console, console.options.update(width=_WIDEST), table).maximum
    if not console.is_terminal:
        console = Console(width=width)
    if width <= console.width:
        console.print(table)
    else:
        _print_records(columns, cells)


def _print_records(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print each row as a block with a line per value."""
    longest = max(map(len, columns))
    for row in rows:
        typer.echo()
        for column, value in zip(columns, row, strict=True):
            typer.echo(f"{column:<{longest}}  {value}")


def print_counts(counts: Mapping[str, int]) -> None:
    """Print what was done how often, one count per line."""
    for name, times in sorted(counts.items()):
        typer.echo(f"{times:6} {_printable(name)}")


def print_line(text: str) -> None:
    """Print a line, made safe for terminals and whole in the narrowest of them."""
    typer.echo(_printable(text))


def warn(text: str) -> None:
    """Print a warning on standard error."""
    typer.echo(f"warning: {_printable(text)}", err=True)


@contextmanager
def logs_on_stderr() -> Iterator[None]:
    """Write the product's log to standard error, so that standard output is the result alone."""
    handler = logger.registered_handler
    before = handler.setStream(sys.stderr) if isinstance(handler, logging.StreamHandler) else None
    try:
        yield
    finally:
        if before is not None and isinstance(handler, logging.StreamHandler):
            handler.setStream(before)


def _printable(text: str) -> str:
    """Return a text in which characters that control terminals are replaced."""
    return "".join(
        each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text
    )
