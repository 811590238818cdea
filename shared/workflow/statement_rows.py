"""Reading the rows of a payout statement's file, with orders and the names of parents."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import batched

from shared.domain.imported_order import ImportedOrder
from shared.domain.ledger import LedgerEntry
from shared.domain.payout import Payout
from shared.domain.statement import StatementLine
from shared.domain.statement_file import StatementRow, lines_by_section, range_of, total_rows
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists

# The most that one BatchGetItem reads.
_LINES_PER_READ = 100

# So many entries are read once and kept. More are read again for each section.
_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class StatementRows:
    """Reads a payout's statement row by row. One of any length takes the same memory."""

    entries: LedgerEntries
    orders: OrderLists

    def __call__(self, payout: Payout) -> Iterator[StatementRow]:
        """Yield the payout's totals, then a row for each line, deductions before sales.

        Raises:
            StatementError: The ledger is damaged.
        """
        yield from total_rows(payout)
        kept = list(self._read(payout)) if payout.entry_count <= _MOST_KEPT else None

        def read() -> Iterable[LedgerEntry]:
            return self._read(payout) if kept is None else kept

        lines = lines_by_section(read, range_of(payout))
        for batch in batched(lines, _LINES_PER_READ, strict=False):
            about = dict.fromkeys(line.order_id for line in batch if line.order_id)
            orders = self.orders.read_imported(payout.studio_id, about)
            for line in batch:
                yield _row(payout, line, orders.get(line.order_id or ""))

    def _read(self, payout: Payout) -> Iterator[LedgerEntry]:
        return self.entries.between(payout.studio_id, payout.first_seq, payout.last_seq)


def _row(payout: Payout, line: StatementLine, order: ImportedOrder | None) -> StatementRow:
    named = replace(line, parent_name=order.parent.name) if order else line
    return StatementRow(payout, line.kind, named, order)
