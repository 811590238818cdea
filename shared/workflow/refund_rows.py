"""The rows of the refund report, in order of time, as they are asked for: for pages and for files.

Nothing here holds more than a page of them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import merge
from itertools import batched

from shared.domain.refund import UNSETTLED, RefundType
from shared.domain.report import (
    FIGURES,
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
from shared.gateways import items
from shared.gateways.items import AttentionList
from shared.gateways.order_lists import AttentionEntry, OrderLists
from shared.gateways.settled_refunds import EntryPlace, SettledRefunds

# As many as one BatchGetItem takes.
_ROWS_PER_READ = 100

_LISTS: dict[ReportState, tuple[AttentionList, ...]] = {
    ReportState.OPEN: (AttentionList.OPEN,),
    ReportState.FAILED: (AttentionList.FAILED, AttentionList.FAILED_DONE),
}

_PLACE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class RefundRows:
    """Reads what a selection has: entries of the ledger, or refunds that are not in it."""

    settled: SettledRefunds
    lists: OrderLists

    def rows(
        self, selection: Selection, after: str | None, at_once: int = _ROWS_PER_READ
    ) -> Iterator[ReportRow]:
        """Yield the selection's rows, the earliest first, without what is joined from orders.

        Args:
            selection: Which.
            after: A row's ``place``, to begin after it; None for the beginning.
            at_once: How many are read at once, at most.

        Raises:
            CursorError: ``after`` is no place.
        """
        if after is not None and not _PLACE.fullmatch(after):
            raise invalid_cursor()
        if selection.state is ReportState.SETTLED:
            return self._settled_rows(selection, after, at_once)
        return self._attention_rows(selection, after)

    def totals(self, selection: Selection, after: str | None) -> ReportTotals:
        """Return the totals of the selection's rows after a place, or of all.

        Raises:
            CursorError: ``after`` is no place.
        """
        if selection.state is not ReportState.SETTLED:
            return ReportTotals().plus(self.rows(selection, after))
        figures = self.settled.figures(
            selection.studio_id, selection.start, selection.end, _entry_place(after), FIGURES
        )
        return totals_of_figures(each for each in figures if each["seq"] <= selection.upto_seq)

    def named(self, rows: Iterable[ReportRow]) -> Iterator[ReportRow]:
        """Yield the rows with what is joined from their orders, read a hundred at a time."""
        for batch in batched(rows, _ROWS_PER_READ, strict=False):
            yield from self._named(batch)

    def _settled_rows(
        self, selection: Selection, after: str | None, at_once: int
    ) -> Iterator[ReportRow]:
        entries = self.settled.entries(
            selection.studio_id, selection.start, selection.end, _entry_place(after), at_once
        )
        return (row_of_entry(entry) for entry in entries if entry.seq <= selection.upto_seq)

    def _attention_rows(self, selection: Selection, after: str | None) -> Iterator[ReportRow]:
        lists = [
            self.lists.attention_between(
                selection.studio_id, kind, after or selection.start, selection.end
            )
            for kind in _LISTS[selection.state]
        ]
        # A failed refund that a person has dealt with changes lists, and keeps its place.
        entries = (each for each in merge(*lists, key=_by_place) if each.place != after)
        for batch in batched(entries, _ROWS_PER_READ, strict=False):
            if selection.state is ReportState.OPEN:
                yield from self._open_rows(batch)
            else:
                yield from self._failed_rows(batch)

    def _open_rows(self, entries: Iterable[AttentionEntry]) -> Iterator[ReportRow]:
        """Read refunds on their way; one that has moved on since the index was read is left out."""
        for refund, state in self.lists.read_listed_with_state(entries):
            if refund.status in UNSETTLED:
                yield open_row(refund, state)

    def _failed_rows(self, entries: Iterable[AttentionEntry]) -> Iterator[ReportRow]:
        for refund in self.lists.read_listed_refunds(entries):
            if refund.failed_at is not None:
                yield failed_row(refund, refund.failed_at)

    def _named(self, rows: tuple[ReportRow, ...]) -> Iterator[ReportRow]:
        documents = self.lists.read_documents(row.order_id for row in rows)
        by_lines = [row for row in rows if row.type == RefundType.LINE_ITEMS]
        refunded = {
            refund.refund_id: {item.line_id for item in refund.items}
            for refund in self.lists.read_refunds(
                dict.fromkeys((row.order_id, row.refund_id) for row in by_lines)
            )
        }
        erased = dict.fromkeys(row.order_id for row in rows if row.order_id not in documents)
        left = {
            order.state.order_id: order.state.total_amount
            for order in self.lists.read_orders(erased)
        }
        for row in rows:
            document = documents.get(row.order_id)
            if document is None:
                yield replace(row, original_amount=left.get(row.order_id))
            else:
                yield replace(
                    row,
                    parent_name=document.get("parent", {}).get("name"),
                    subject_names=tuple(_subject_names(document, refunded.get(row.refund_id))),
                    original_amount=document["total_amount"],
                )


def _subject_names(document: items.Values, line_ids: set[str] | None) -> Iterator[str]:
    """Name the subjects of the lines that were refunded, or all where a line names none."""
    lines = document["line_items"]
    subjects = {line.get("subject_id") for line in lines if line["line_id"] in (line_ids or ())}
    everyone = not subjects or None in subjects
    for subject in document["subjects"]:
        if "name" in subject and (everyone or subject["subject_id"] in subjects):
            yield subject["name"]


def _by_place(entry: AttentionEntry) -> str:
    return entry.place


def _entry_place(place: str | None) -> EntryPlace | None:
    if place is None:
        return None
    settled_at, _, seq = place.partition("#")
    if not seq.isdecimal():
        raise invalid_cursor()
    return EntryPlace(settled_at, int(seq))
