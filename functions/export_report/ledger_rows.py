"""The ledger's entries with what a bookkeeper needs beside them: order, charge and payout."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import batched

from shared.domain.export import LedgerSelection
from shared.domain.imported_order import ImportedOrder
from shared.domain.ledger import EntryKind, LedgerEntry
from shared.domain.payout import Payout
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.people import People

# The most that one BatchGetItem reads.
_ROWS_PER_READ = 100
_PAYOUTS_PER_READ = 100


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An entry, with its order as imported, its payout and the names of people.

    ``order`` is None for other entries, and after the order was erased. ``payout`` is the one that
    the entry names. ``in_payout_id`` is the payout that closed the entry, or None while it is open.
    """

    entry: LedgerEntry
    order: ImportedOrder | None = None
    payout: Payout | None = None
    in_payout_id: str | None = None
    processed_by_name: str | None = None

    @property
    def currency(self) -> str:
        """The entry's currency."""
        return self.entry.currency

    @property
    def balance_transaction_id(self) -> str | None:
        """The movement of Stripe's balance; for a payout's own entry, the one of its transfer."""
        if self.payout is not None and self.entry.kind is EntryKind.PAYOUT_CLOSED:
            return self.payout.balance_transaction_id
        return self.entry.balance_transaction_id


@dataclass(frozen=True, slots=True)
class LedgerRows:
    """Reads the rows of a selection in the ledger's order, a hundred at a time."""

    ledger: LedgerEntries
    payouts: PayoutsTable
    orders: OrderLists
    people: People

    def entries(self, selection: LedgerSelection) -> Iterator[LedgerEntry]:
        """Yield the selection's entries."""
        first_seq, last_seq = self._range(selection)
        return self.ledger.between(selection.studio_id, first_seq, last_seq)

    def rows(self, selection: LedgerSelection) -> Iterator[LedgerRow]:
        """Yield the selection's entries with their orders, payouts and names."""
        first_seq, last_seq = self._range(selection)
        entries = self.ledger.between(selection.studio_id, first_seq, last_seq)
        closed = _ClosedRanges(self._payouts_since(selection.studio_id, first_seq))
        for batch in batched(entries, _ROWS_PER_READ, strict=False):
            yield from self._with_facts(selection.studio_id, batch, closed)

    def _range(self, selection: LedgerSelection) -> tuple[int, int]:
        studio_id, newest = selection.studio_id, selection.upto_seq
        before = self.ledger.last_before(studio_id, selection.start, newest)
        last = self.ledger.last_before(studio_id, selection.end, newest)
        return (before.seq if before else 0) + 1, last.seq if last else 0

    def _payouts_since(self, studio_id: str, first_seq: int) -> list[Payout]:
        """Read the payouts that closed an entry or something after it, the newest first."""
        found: list[Payout] = []
        while True:
            after = found[-1].payout_id if found else None
            page = self.payouts.newest(studio_id, _PAYOUTS_PER_READ, after)
            found += (payout for payout in page if payout.entry_seq >= first_seq)
            if len(page) < _PAYOUTS_PER_READ or page[-1].entry_seq < first_seq:
                return found

    def _with_facts(
        self, studio_id: str, entries: Iterable[LedgerEntry], closed: "_ClosedRanges"
    ) -> Iterator[LedgerRow]:
        listed = list(entries)
        orders = self.orders.read_imported(
            studio_id, [entry.order_id for entry in listed if entry.order_id]
        )
        names = self.people.names(studio_id, (entry.processed_by for entry in listed))
        for entry in listed:
            named = entry.payout_id
            payout = named and (closed.by_id.get(named) or self.payouts.get(studio_id, named))
            yield LedgerRow(
                entry,
                orders.get(entry.order_id or ""),
                payout or None,
                closed.payout_of(entry),
                names.get(entry.processed_by or ""),
            )


class _ClosedRanges:
    """Which payout closed an entry, of some payouts."""

    def __init__(self, payouts: Iterable[Payout]) -> None:
        ordered = sorted(payouts, key=lambda payout: payout.entry_seq)
        self.by_id = {payout.payout_id: payout for payout in ordered}
        self._last_seqs = [payout.last_seq for payout in ordered]
        self._ids = [payout.payout_id for payout in ordered]

    def payout_of(self, entry: LedgerEntry) -> str | None:
        if entry.kind is EntryKind.PAYOUT_CLOSED:
            return entry.payout_id
        place = bisect_left(self._last_seqs, entry.seq)
        return self._ids[place] if place < len(self._ids) else None
