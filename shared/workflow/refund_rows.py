"""The rows of the refund report, in order of time, for pages, sums and files.

Rows are read page by page, so that no more than a page is in memory.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import batched

from shared.clock import rfc3339
from shared.domain.attribution import By, names_of
from shared.domain.ledger import EntryKind
from shared.domain.order import OrderKey
from shared.domain.refund import UNSETTLED, Refund, RefundKey, RefundType
from shared.domain.refund_words import failure_words, pending_words
from shared.domain.report import (
    LATE_FAILURE,
    ReportRow,
    ReportState,
    ReportTotals,
    Selection,
    failed_row,
    open_row,
    row_of_entry,
    totals_of_figures,
)
from shared.edge.cursor import invalid_cursor
from shared.gateways.order_lists import OrderLists
from shared.gateways.orders_table import OrdersTable
from shared.gateways.people import People
from shared.gateways.records.keys import AttentionPartition
from shared.gateways.refund_lists import ListedRefund, RefundLists
from shared.gateways.settled_refunds import EntryPlace, SettledRefunds

# The most that one BatchGetItem reads.
_ROWS_PER_READ = 100

_LISTS: dict[ReportState, tuple[AttentionPartition, ...]] = {
    ReportState.OPEN: (AttentionPartition.OPEN,),
    ReportState.FAILED: (AttentionPartition.FAILED, AttentionPartition.FAILED_DONE),
}

_PLACE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[A-Za-z0-9_-]{1,64}")


@dataclass(slots=True)
class RowLimit:
    """How many rows a request may still read, filtered out or not.

    ``last_place`` is the place of the last row that was read. ``is_reached`` says that there are
    more rows.
    """

    left: int
    last_place: str | None = None
    is_reached: bool = False

    @property
    def stopped_at(self) -> str | None:
        """The place of the last row if there are more rows than may be read, or None."""
        return self.last_place if self.is_reached else None

    def rows(self, rows: Iterable[ReportRow]) -> Iterator[ReportRow]:
        """Yield rows up to the limit."""
        for row in self.each(rows):
            self.last_place = row.place
            yield row

    def each[Read](self, found: Iterable[Read]) -> Iterator[Read]:
        """Yield what is read up to the limit."""
        for one in found:
            if self.left == 0:
                self.is_reached = True
                return
            self.left -= 1
            yield one


@dataclass(frozen=True, slots=True)
class RefundRows:
    """Reads the rows of a selection: from ledger entries, or from refunds not in the ledger."""

    settled: SettledRefunds
    refund_lists: RefundLists
    order_lists: OrderLists
    orders: OrdersTable
    people: People

    def rows(
        self,
        selection: Selection,
        after: str | None,
        page_size: int = _ROWS_PER_READ,
        limit: RowLimit | None = None,
    ) -> Iterator[ReportRow]:
        """Yield the selection's rows in its order, without the names of people.

        Args:
            selection: The refunds that the report covers.
            after: The ``place`` of the row before the first one, or None.
            page_size: The most ledger entries to read at once.
            limit: How many rows may be read, or None for all.

        Raises:
            CursorError: ``after`` is not a place of a row.
        """
        if after is not None and not _PLACE.fullmatch(after):
            raise invalid_cursor()
        if selection.state is ReportState.SETTLED:
            found = self._settled_rows(selection, after, page_size)
        else:
            found = self._attention_rows(selection, after)
        if limit is not None:
            found = limit.rows(found)
        return found if selection.only.is_empty else self._filtered(selection, found)

    def totals(
        self, selection: Selection, after: str | None, limit: RowLimit
    ) -> ReportTotals | None:
        """Return the totals of the selection's rows, or None if the limit is reached.

        Args:
            selection: The refunds that the report covers.
            after: The ``place`` after which rows count, or None for all rows.
            limit: How many rows may be read.

        Raises:
            CursorError: ``after`` is not a place of a row.
        """
        totals = self._totals(selection, after, limit)
        return None if limit.is_reached else totals

    def _totals(self, selection: Selection, after: str | None, limit: RowLimit) -> ReportTotals:
        if selection.state is not ReportState.SETTLED or not selection.only.is_empty:
            return ReportTotals().plus(self.rows(selection, after, limit=limit))
        figures = self.settled.figures(
            selection.studio_id,
            selection.start,
            selection.end,
            _entry_place(after),
            newest_first=selection.newest_first,
        )
        pinned = (each for each in limit.each(figures) if each.seq <= selection.upto_seq)
        return totals_of_figures(pinned)

    def with_names(self, studio_id: str, rows: Iterable[ReportRow]) -> Iterator[ReportRow]:
        """Yield a studio's rows with the names of parents, subjects and users.

        A user's name is read once, because few users process many refunds.
        """
        users: dict[str, str | None] = {}
        for batch in batched(rows, _ROWS_PER_READ, strict=False):
            new = {row.processed_by for row in batch if row.processed_by} - users.keys()
            users |= dict.fromkeys(new) | self.people.names(studio_id, new)
            for row in self._with_names(studio_id, batch):
                yield replace(row, processed_by_name=users.get(row.processed_by or ""))

    def filter_names(self, selection: Selection, row: ReportRow) -> dict[By, str | None]:
        """Return the names of what the selection is filtered by, read from one of its rows.

        Names that were erased are None.
        """
        only, names = selection.only, dict[By, str | None]()
        if wanted := dict(only.of_order()):
            order = self.order_lists.read_imported(selection.studio_id, [row.order_id])
            for by, key in wanted.items():
                found = names_of(by, order[row.order_id]) if row.order_id in order else {}
                names[by] = found.get(key)
        if only.processed_by:
            users = self.people.names(selection.studio_id, [only.processed_by])
            names[By.PROCESSED_BY] = users.get(only.processed_by)
        return names

    def _settled_rows(
        self, selection: Selection, after: str | None, page_size: int
    ) -> Iterator[ReportRow]:
        entries = self.settled.entries(
            selection.studio_id,
            selection.start,
            selection.end,
            _entry_place(after),
            page_size,
            newest_first=selection.newest_first,
        )
        return (row_of_entry(entry) for entry in entries if entry.seq <= selection.upto_seq)

    def _attention_rows(self, selection: Selection, after: str | None) -> Iterator[ReportRow]:
        start, end = after or selection.start, selection.end
        if selection.newest_first:
            start, end = selection.start, after or selection.end
        lists = [
            self.refund_lists.between(
                selection.studio_id, kind, start, end, newest_first=selection.newest_first
            )
            for kind in _LISTS[selection.state]
        ]
        merged = merge(*lists, key=_by_place, reverse=selection.newest_first)
        # A failed refund that a person resolves moves to another list, but keeps its place.
        entries = (each for each in merged if each.place != after)
        for batch in batched(entries, _ROWS_PER_READ, strict=False):
            if selection.state is ReportState.OPEN:
                yield from self._open_rows(batch)
            else:
                yield from self._failed_rows(batch)

    def _open_rows(self, entries: Iterable[ListedRefund]) -> Iterator[ReportRow]:
        """Yield refunds in flight, without any that have settled since the index was read."""
        for refund, state in self.refund_lists.read_with_state(entries):
            if refund.status in UNSETTLED:
                yield replace(open_row(refund, state), pending_detail=pending_words(refund))

    def _failed_rows(self, entries: Iterable[ListedRefund]) -> Iterator[ReportRow]:
        for refund in self.refund_lists.read(entries):
            if refund.failed_at is not None:
                row = failed_row(refund, refund.failed_at)
                yield replace(row, failure_detail=failure_words(refund))

    def _filtered(self, selection: Selection, rows: Iterable[ReportRow]) -> Iterator[ReportRow]:
        only = selection.only
        if only.effective:
            rows = self._effective(selection, rows)
        decided = (row for row in rows if only.allows_decision(row.reason, row.processed_by))
        if not any(only.of_order()):
            yield from decided
            return
        for batch in batched(decided, _ROWS_PER_READ, strict=False):
            imported = self.order_lists.read_imported(
                selection.studio_id, (row.order_id for row in batch)
            )
            refunds = self._refunds(selection.studio_id, batch)
            for row in batch:
                if only.allows_order(imported.get(row.order_id), _returned(refunds, row)):
                    yield row

    def _effective(self, selection: Selection, rows: Iterable[ReportRow]) -> Iterator[ReportRow]:
        """Yield the refunds that have not failed since."""
        try:
            until = rfc3339(datetime.fromisoformat(selection.end) + LATE_FAILURE)
        except OverflowError as error:  # the end came from a forged cursor
            raise invalid_cursor() from error
        failed = {
            entry.refund_id
            for entry in self.settled.refunds(selection.studio_id, selection.start, until)
            if entry.kind is EntryKind.REFUND_FAILED
        }
        for row in rows:
            if row.is_refund and row.refund_id not in failed:
                yield row

    def _with_names(self, studio_id: str, rows: tuple[ReportRow, ...]) -> Iterator[ReportRow]:
        imported = self.order_lists.read_imported(studio_id, (row.order_id for row in rows))
        refunds = self._refunds(studio_id, rows)
        erased = dict.fromkeys(row.order_id for row in rows if row.order_id not in imported)
        totals = {
            listed.state.order_id: listed.state.total_amount
            for listed in self.order_lists.read_orders(studio_id, erased)
        }
        for row in rows:
            named = _with_outcome(row, refunds.get(row.refund_id))
            order = imported.get(row.order_id)
            if order is None:
                yield replace(named, original_amount=totals.get(row.order_id))
            else:
                yield replace(
                    named,
                    parent_name=order.parent.name,
                    subject_names=tuple(order.subject_names(_returned(refunds, row) or ())),
                    original_amount=order.total_amount,
                    account_id=order.charge.account_id,
                    charge_id=order.charge.charge_id,
                    payment_intent_id=order.charge.payment_intent_id,
                    placed_at=order.placed_at,
                )

    def _refunds(self, studio_id: str, rows: Iterable[ReportRow]) -> dict[str | None, Refund]:
        """Read the refunds of which a row needs more than the ledger has, by id."""
        keys = dict.fromkeys(
            RefundKey(OrderKey(studio_id, row.order_id), row.refund_id)
            for row in rows
            if row.refund_id is not None
            and (row.type == RefundType.LINE_ITEMS or row.is_late_failure)
        )
        return {refund.refund_id: refund for refund in self.orders.read_refunds(keys)}


def _returned(refunds: dict[str | None, Refund], row: ReportRow) -> frozenset[str] | None:
    """Return the ids of the lines that a line-item refund returned. None for other refunds."""
    refund = refunds.get(row.refund_id)
    if refund is None or row.type != RefundType.LINE_ITEMS:
        return None
    return frozenset(item.line_id for item in refund.items)


def _with_outcome(row: ReportRow, refund: Refund | None) -> ReportRow:
    """Return a late failure's row with why it failed, and how the parent was paid."""
    if refund is None or not row.is_late_failure:
        return row
    return replace(
        row,
        failure_reason=refund.failure_reason,
        failure_detail=failure_words(refund),
        resolution=refund.resolution,
    )


def _by_place(entry: ListedRefund) -> str:
    return entry.place


def _entry_place(place: str | None) -> EntryPlace | None:
    if place is None:
        return None
    settled_at, _, seq = place.partition("#")
    if not seq.isdecimal():
        raise invalid_cursor()
    return EntryPlace(settled_at, int(seq))
