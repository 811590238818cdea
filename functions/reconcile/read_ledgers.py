"""Reads what all studios' ledgers entered in a time, and what PPS owes by their heads."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.clock import rfc3339
from shared.domain.ledger import LedgerEntry
from shared.domain.platform_line import PlatformLine, line_of, needs_order
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.order_lists import OrderLists
from shared.gateways.payouts_table import PayoutsTable

# Two functions' clocks differ, so entries may be a little out of order in time.
_CLOCKS_DIFFER = timedelta(minutes=1)


@dataclass(slots=True)
class LedgerPeriod:
    """What the ledgers entered in a time; amounts in minor units by currency.

    Attributes:
        lines: The entries' parts in the platform's balance.
        owed: What PPS owed at the end of the time, by the heads.
        owed_before: The same at its beginning.
        later_subjects: What the entries since the end are about.
    """

    lines: list[PlatformLine] = field(default_factory=list)
    owed: Counter[str] = field(default_factory=Counter)
    owed_before: Counter[str] = field(default_factory=Counter)
    later_subjects: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ReadLedgers:
    """Reads each studio's head, and its newest entries back to the beginning of the time."""

    payouts: PayoutsTable
    ledger: LedgerStore
    entries: LedgerEntries
    orders: OrderLists

    def __call__(
        self, since: datetime, until: datetime, *, time_is_up: Callable[[], bool]
    ) -> LedgerPeriod:
        """Return what was recorded in a time, without its end.

        Raises:
            TimeoutError: The time was up before all ledgers were read.
        """
        period = LedgerPeriod()
        for studio_id in self.payouts.studios():
            if time_is_up():
                raise TimeoutError("there was no time to read all ledgers")
            self._read(studio_id, since, until, period)
        return period

    def _read(self, studio_id: str, since: datetime, until: datetime, period: LedgerPeriod) -> None:
        head = self.ledger.load_head(studio_id)
        if head is None:
            raise LookupError(f"studio {studio_id} has no ledger")
        owed = head.payable_balance_amount
        start, end = rfc3339(since), rfc3339(until)
        found: list[LedgerEntry] = []
        later: list[LedgerEntry] = []
        for entry in self._since(studio_id, head.seq, rfc3339(since - _CLOCKS_DIFFER)):
            if entry.recorded_at >= end:
                later.append(entry)
            elif entry.recorded_at >= start:
                found.append(entry)
        owed -= sum(each.payable_amount for each in later)
        owed_before = owed - sum(each.payable_amount for each in found)
        period.owed[head.currency] += owed
        period.owed_before[head.currency] += owed_before
        period.lines += self._lines(studio_id, found[::-1])
        period.later_subjects |= {
            each.subject for each in self._lines(studio_id, later) if each.subject
        }

    def _since(self, studio_id: str, newest_seq: int, at: str) -> Iterator[LedgerEntry]:
        for entry in self.entries.newest_first(studio_id, newest_seq):
            if entry.recorded_at < at:
                return
            yield entry

    def _lines(self, studio_id: str, found: list[LedgerEntry]) -> Iterator[PlatformLine]:
        wanted = [each.order_id for each in found if each.order_id and needs_order(each)]
        imported = self.orders.read_imported(studio_id, wanted) if wanted else {}
        for entry in found:
            named = imported.get(entry.order_id or "")
            yield line_of(entry, named.order if named else None)
