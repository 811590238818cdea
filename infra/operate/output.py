"""Prints what an operation found or did: for people, or as JSON on standard output."""

import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.progress import ConsoleProgress
from shared.edge.observability import logger

# Wide enough for one line per row when a program or a file reads the table.
_WIDTH_WITHOUT_TERMINAL = 250

# A failed operation prints one line, its error.
progress = ConsoleProgress(Console(stderr=True), show_failed=False)


def print_json(result: object) -> None:
    """Print a result as JSON, escaped to ASCII."""
    typer.echo(json.dumps(result, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as a table. Values may come from anywhere and are made safe for terminals."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*(escape(_printable(str(cell))) for cell in row))
    width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
    Console(width=width).print(table)


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
