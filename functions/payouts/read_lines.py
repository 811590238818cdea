"""Reading the lines of a payout from the ledger: a page of them, or all."""

from dataclasses import dataclass

from shared.domain.errors import CursorError
from shared.domain.statement import (
    LineRange,
    Statement,
    StatementLine,
    StatementRange,
    statement_of,
)
from shared.edge.cursor import cursor_for, position_of
from shared.gateways.ledger_entries import LedgerEntries


@dataclass(frozen=True, slots=True)
class LinesPage:
    """A page of lines, the sums of all lines, and the cursor of the next page."""

    lines: list[StatementLine]
    statement: Statement
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ReadLines:
    """Reads a payout's lines. The sums always cover all lines."""

    entries: LedgerEntries

    def all(self, of: StatementRange) -> Statement:
        """Return the whole statement.

        Raises:
            StatementError: The ledger lacks entries.
        """
        return self._read(of, LineRange())

    def page(self, of: StatementRange, limit: int, cursor: str | None) -> LinesPage:
        """Return a page of lines.

        Args:
            of: The payout's entries.
            limit: How many lines at most.
            cursor: The previous page's ``next_cursor``; None for the first page.

        Raises:
            CursorError: The cursor is not of these lines.
            StatementError: The ledger lacks entries.
        """
        scope = ("payout lines", of.studio_id, str(of.first_seq))
        after = None if cursor is None else _seq(position_of(cursor, 1, *scope)[0])
        read = self._read(of, LineRange(after, limit + 1))
        shown = read.lines[:limit]
        if len(read.lines) == len(shown):
            return LinesPage(shown, read, None)
        # The line of the carried balance comes first and has no number.
        last = shown[-1].seq or of.first_seq - 1
        return LinesPage(shown, read, cursor_for([str(last)], *scope))

    def _read(self, of: StatementRange, wanted: LineRange) -> Statement:
        entries = self.entries.between(of.studio_id, of.first_seq, of.last_seq)
        return statement_of(entries, of, wanted)


def _seq(text: str) -> int:
    if not text.isdecimal():
        raise CursorError("The cursor is malformed. Send a page's `next_cursor` as it was given.")
    return int(text)
