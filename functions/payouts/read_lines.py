"""Reading the lines of a payout from the ledger: a page of them, or all."""

from dataclasses import dataclass

from shared.domain.errors import CursorError
from shared.domain.statement import LineRange, Statement, StatementLine, statement_of
from shared.edge.cursor import cursor_for, position_of
from shared.gateways.ledger_entries import LedgerEntries


@dataclass(frozen=True, slots=True)
class Range:
    """The ledger entries of a payout, both ends included."""

    studio_id: str
    first_seq: int
    last_seq: int


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

    def all(self, of: Range) -> Statement:
        """Return the whole statement.

        Raises:
            StatementError: The ledger lacks entries.
        """
        return self._read(of, LineRange())

    def page(self, of: Range, limit: int, cursor: str | None) -> LinesPage:
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

    def _read(self, of: Range, wanted: LineRange) -> Statement:
        # The entry before the first one has the balance that is carried over.
        before = max(1, of.first_seq - 1)
        entries = self.entries.between(of.studio_id, before, of.last_seq)
        return statement_of(entries, of.first_seq, of.last_seq, wanted)


def _seq(text: str) -> int:
    if not text.isdecimal():
        raise CursorError("The cursor is malformed. Send a page's `next_cursor` as it was given.")
    return int(text)
