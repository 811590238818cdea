"""A payout's statement as the rows of a file, in memory that does not grow with its lines."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from shared.domain.imported_order import ImportedOrder
from shared.domain.ledger import LedgerEntry
from shared.domain.payout import Payout
from shared.domain.statement import (
    StatementLine,
    StatementRange,
    StatementSection,
    all_lines,
    check_total,
    section_of,
)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A line with its order, or a total of the payout, in minor units.

    ``order`` is None for other lines, and after the order was erased.
    """

    payout: Payout
    kind: str
    line: StatementLine | None = None
    order: ImportedOrder | None = None
    total_amount: int | None = None
    transfer_id: str | None = None

    @property
    def currency(self) -> str:
        """The payout's currency."""
        return self.payout.currency


def total_rows(payout: Payout) -> Iterator[StatementRow]:
    """Yield what was paid, what was carried forward, and the total."""
    # A bookkeeper finds the payout on the account's own statement by its transfer.
    yield StatementRow(
        payout, "paid", total_amount=payout.paid_amount, transfer_id=payout.transfer_id
    )
    yield StatementRow(payout, "carried_forward", total_amount=payout.carried_amount)
    yield StatementRow(payout, "total", total_amount=payout.total_amount)


def lines_by_section(
    read: Callable[[], Iterable[LedgerEntry]], of: StatementRange
) -> Iterator[StatementLine]:
    """Yield all lines of a payout: deductions, then other entries, then sales.

    No line is kept, so the entries are read once for each section.

    Args:
        read: Returns the ledger's entries of that range, in order, each time.
        of: The payout's entries and amounts.

    Raises:
        StatementError: An entry is missing, or the lines do not add up to the payout's total.
    """
    for section in StatementSection:
        total_amount = 0
        for line in all_lines(read(), of):
            total_amount += line.payable_amount
            if section_of(line.kind) is section:
                yield line
        check_total(total_amount, of)


def range_of(payout: Payout) -> StatementRange:
    """Return the ledger entries of a payout, and its amounts."""
    return StatementRange(
        payout.studio_id,
        payout.first_seq,
        payout.last_seq,
        payout.carried_in_amount,
        payout.total_amount,
    )
