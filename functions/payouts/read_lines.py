"""Reading the lines of a payout from the ledger, with parents' names: a page of them, or all."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.domain.errors import CursorError
from shared.domain.running_sums import ENTRIES_BETWEEN, RunningSums, sums_of
from shared.domain.statement import (
    LineKinds,
    LineRange,
    Statement,
    StatementLine,
    StatementRange,
    statement_of,
    statement_page,
)
from shared.domain.sums import Sum
from shared.edge.cursor import cursor_for, position_of
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists
from shared.gateways.running_sums import StoredSums

# The most entries that a page of a long payout's deductions looks at. Few of them may be wanted.
_ENTRIES_PER_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class LinesQuery:
    """A page of lines: how many at most, the previous page's ``next_cursor``, and which kinds."""

    limit: int
    cursor: str | None = None
    kinds: LineKinds = LineKinds.ALL

    @property
    def scope(self) -> tuple[str, ...]:
        """What a cursor is valid for, beside the payout."""
        return () if self.kinds is LineKinds.ALL else (self.kinds,)


@dataclass(frozen=True, slots=True)
class LinesPage:
    """A page of lines, the sums of all lines, and the cursor of the next page."""

    lines: list[StatementLine]
    statement: Statement
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ReadLines:
    """Reads a payout's lines. The sums always cover all lines.

    A page of a long payout costs the page: its sums follow from the running sums at its two ends.
    """

    entries: LedgerEntries
    orders: OrderLists
    sums: StoredSums

    def all(self, of: StatementRange) -> Statement:
        """Return the whole statement. Its deductions name the parents.

        Raises:
            StatementError: The ledger lacks entries.
        """
        entries = self.entries.between(of.studio_id, of.first_seq, of.last_seq)
        read = statement_of(entries, of, LineRange())
        deductions = [line for line in read.lines if line.is_deduction]
        return replace(read, lines=self._with_names(of.studio_id, read.lines, deductions))

    def only_sums(self, of: StatementRange) -> Statement:
        """Return the sums of all lines, and no line. It costs the same for any number of lines.

        Raises:
            StatementError: The ledger lacks entries.
        """
        return statement_page((), self._sums(of), of, LineRange(after_seq=of.last_seq))

    def page(self, of: StatementRange, wanted: LinesQuery) -> LinesPage:
        """Return a page of lines. It may have fewer than wanted, and the next page still some.

        Args:
            of: The payout's entries.
            wanted: Which page of which lines.

        Raises:
            CursorError: The cursor is not of these lines.
            StatementError: The ledger lacks entries.
        """
        cursor, limit = wanted.cursor, wanted.limit
        scope = ("payout lines", of.studio_id, str(of.first_seq), *wanted.scope)
        after = None if cursor is None else _seq(position_of(cursor, 1, *scope)[0])
        read, until = self._read(of, LineRange(after, limit + 1, wanted.kinds))
        shown = self._with_names(of.studio_id, read.lines[:limit], read.lines[:limit])
        if len(read.lines) > len(shown):
            # The line of the carried balance comes first and has no number.
            until = shown[-1].seq or of.first_seq - 1
        elif until == of.last_seq:
            return LinesPage(shown, read, None)
        return LinesPage(shown, read, cursor_for([str(until)], *scope))

    def _with_names(
        self, studio_id: str, lines: list[StatementLine], about: Iterable[StatementLine]
    ) -> list[StatementLine]:
        """Return the lines with the parents' names of those orders that some lines are about."""
        names = self.orders.parent_names(studio_id, (line.order_id for line in about))
        if not names:
            return lines
        return [replace(line, parent_name=names.get(line.order_id)) for line in lines]

    def _read(self, of: StatementRange, wanted: LineRange) -> tuple[Statement, int]:
        """Return the wanted lines with all sums, and the number of the last entry looked at."""
        if of.last_seq - of.first_seq < ENTRIES_BETWEEN:
            entries = self.entries.between(of.studio_id, of.first_seq, of.last_seq)
            return statement_of(entries, of, wanted), of.last_seq
        first = of.first_seq if wanted.after_seq is None else wanted.after_seq + 1
        most = wanted.limit if wanted.kinds is LineKinds.ALL else None
        until = min(of.last_seq, first + (most or _ENTRIES_PER_PAGE))
        entries = self.entries.between(of.studio_id, first, until)
        return statement_page(entries, self._sums(of), of, wanted), until

    def _sums(self, of: StatementRange) -> dict[str, Sum]:
        """Return the sums of a payout's entries by kind, from the running sums at its two ends."""
        stored = self.sums.latest(of.studio_id, of.last_seq)
        if stored.seq < of.first_seq:  # from before sums were stored
            entries = self.entries.between(of.studio_id, of.first_seq, of.last_seq)
            return sums_of(of.studio_id, of.first_seq, entries)
        earlier = self.sums.latest(of.studio_id, of.first_seq - 1)
        return self._up_to(stored, of.last_seq).since(self._up_to(earlier, of.first_seq - 1))

    def _up_to(self, sums: RunningSums, seq: int) -> RunningSums:
        return sums.plus(self.entries.between(sums.studio_id, sums.seq + 1, seq))


def _seq(text: str) -> int:
    if not text.isdecimal():
        raise CursorError("The cursor is malformed. Send a page's `next_cursor` as it was given.")
    return int(text)
