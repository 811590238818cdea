"""The journal's totals by day, for programs that import only some hundred lines at once."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from shared.domain.journal import JournalRole, JournalTransaction, lines_of


@dataclass(slots=True)
class _Day:
    """What one day adds up to so far."""

    first: JournalTransaction
    amounts: Counter[JournalRole] = field(default_factory=Counter)
    count: int = 0

    def add(self, transaction: JournalTransaction) -> None:
        """Add a transaction of this day."""
        for line in transaction.lines:
            self.amounts[line.role] += line.amount
        self.count += 1


def daily_totals(transactions: Iterable[JournalTransaction]) -> Iterator[JournalTransaction]:
    """Yield one transaction for each day in the order of the days, with each account's change.

    A day on which no account has changed has no transaction. The memory grows with the days, not
    with the transactions.

    Args:
        transactions: Transactions of one studio, in any order.
    """
    days: dict[str, _Day] = {}
    for each in transactions:
        days.setdefault(each.day.isoformat(), _Day(each)).add(each)
    for day, total in sorted(days.items()):
        lines = lines_of(total.amounts)
        if lines:
            entries = "1 entry" if total.count == 1 else f"{total.count} entries"
            yield replace(
                total.first,
                number=day,
                description=f"Total of {day}, {entries} of the ledger",
                lines=lines,
            )
