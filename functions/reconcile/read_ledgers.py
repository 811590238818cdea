"""Reads what the ledgers entered in a time, and checks each head against its entries."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched

from shared.clock import rfc3339
from shared.domain.books_proof import WrongHead
from shared.domain.ledger import LedgerEntry, LedgerHead
from shared.domain.order import OrderKey
from shared.domain.platform_line import EntryName, PlatformLine, line_of, needs_order
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.order_lists import OrderLists
from shared.gateways.payouts_table import PayoutsTable

# Two functions' clocks differ, so entries may be a little out of order in time.
_CLOCKS_DIFFER = timedelta(minutes=1)
_ORDERS_AT_ONCE = 100


@dataclass(slots=True)
class LedgerPeriod:
    """What the ledgers entered in a time; amounts in minor units by currency.

    Attributes:
        lines: The entries' parts in the platform's balance.
        owed_before: What PPS owed at the beginning of the time, by the heads that were read.
        wrong_heads: The heads that owe another amount than their entries.
        later: The entries since the end; None if they are not wanted.
        later_subjects: What these are about.
    """

    lines: list[PlatformLine] = field(default_factory=list)
    owed_before: Counter[str] = field(default_factory=Counter)
    wrong_heads: list[WrongHead] = field(default_factory=list)
    later: list[LedgerEntry] | None = None
    later_subjects: set[str] = field(default_factory=set)

    def add_later(self, entry: LedgerEntry) -> None:
        """Note an entry since the end, if these are wanted."""
        if self.later is not None:
            self.later.append(entry)


@dataclass(frozen=True, slots=True)
class ReadLedgers:
    """Reads heads, and of each ledger its newest entries back to the beginning of the time."""

    payouts: PayoutsTable
    ledger: LedgerStore
    entries: LedgerEntries
    orders: OrderLists

    def __call__(
        self,
        since: datetime,
        until: datetime,
        *,
        studios: Iterable[str],
        time_is_up: Callable[[], bool],
        with_later: bool = False,
    ) -> LedgerPeriod:
        """Return what was recorded in a time, without its end.

        Args:
            since: When the time begins.
            until: When it ends.
            studios: Whose ledgers to read, from ``changed`` or ``every``.
            time_is_up: Whether to stop. It is asked for each ledger.
            with_later: Whether to say what the entries since the end are about. Between an earlier
                time and now there may be very many.

        Raises:
            TimeoutError: The time was up before all ledgers were read.
        """
        period = LedgerPeriod(later=[] if with_later else None)
        wanted = sorted(set(studios))
        heads = {each.studio_id: each for each in self.ledger.load_heads(wanted)}

        def found() -> Iterator[LedgerEntry]:
            for studio_id in wanted:
                if time_is_up():
                    raise TimeoutError("there was no time to read all ledgers")
                if studio_id not in heads:
                    raise LookupError(f"studio {studio_id} has no ledger")
                yield from self._read(heads[studio_id], since, until, period)

        period.lines += self._lines(found())
        later = self._lines(period.later or ())
        period.later_subjects |= {each.subject for each in later if each.subject}
        return period

    def changed(self) -> Iterator[str]:
        """List the studios whose ledgers got an entry within ``LISTED_AFTER_CHANGE``."""
        return self.ledger.changed_lately()

    def every(self) -> Iterator[str]:
        """List all studios."""
        return self.payouts.studios()

    def _read(
        self, head: LedgerHead, since: datetime, until: datetime, period: LedgerPeriod
    ) -> list[LedgerEntry]:
        """Return a ledger's entries of a time in order, and check its head against its entries.

        It reads the newest first, back to the last one before the time, whose balance is known.
        """
        start, end = rfc3339(since), rfc3339(until)
        just_before = rfc3339(since - _CLOCKS_DIFFER)
        found: list[LedgerEntry] = []
        owed_before = by_entries = 0
        for entry in self.entries.newest_first(head.studio_id, head.seq):
            if entry.recorded_at < just_before:
                by_entries += entry.payable_balance_amount
                break
            by_entries += entry.payable_amount
            if entry.recorded_at >= start:
                owed_before -= entry.payable_amount
            if entry.recorded_at >= end:
                period.add_later(entry)
            elif entry.recorded_at >= start:
                found.append(entry)
        period.owed_before[head.currency] += head.payable_balance_amount + owed_before
        if wrong_amount := head.payable_balance_amount - by_entries:
            name = EntryName(head.studio_id, head.seq)
            period.wrong_heads.append(WrongHead(name, head.currency, wrong_amount))
        return found[::-1]

    def _lines(self, entries: Iterable[LedgerEntry]) -> Iterator[PlatformLine]:
        """Yield the entries' lines. Their orders are read a hundred at a time, and not kept."""
        for batch in batched(entries, _ORDERS_AT_ONCE, strict=False):
            wanted = {_order_of(each) for each in batch if needs_order(each)}
            imported = self.orders.read_imported_of(wanted) if wanted else {}
            for entry in batch:
                named = imported.get(_order_of(entry))
                yield line_of(entry, named.order if named else None)


def _order_of(entry: LedgerEntry) -> OrderKey:
    return OrderKey(entry.studio_id, entry.order_id or "")
