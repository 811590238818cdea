"""What settled of refunds and disputes, by time, from LedgerTable's SettledIndex and KindIndex.

SettledIndex has them by studio, and KindIndex of all studios. Each has an entry for each refund
that settled, each late failure and each dispute that moved money, and none for sales and payouts:
reading a month costs what settled in it. They are read eventually consistent: an entry may appear a
moment after it was written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.domain.ledger import EntryKind, LedgerEntry
from shared.domain.report import EntryFigures
from shared.gateways.records.keys import KIND_INDEX, SETTLED_INDEX
from shared.gateways.records.ledger import entry_from_values, entry_place
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """An entry's place in the index: when it settled, and its number in the ledger."""

    settled_at: str
    seq: int


class SettledRefund(NamedTuple):
    """Who was refunded what, and why; ``amount`` in minor units, negative for a late failure.

    A tuple, because patterns count a hundred thousand of them.
    """

    kind: EntryKind
    settled_at: str
    refund_id: str
    order_id: str
    amount: int
    type: str | None
    reason: str | None
    processed_by: str | None


# The kinds of entries that have `settled_at`.
_SETTLED_KINDS = (
    EntryKind.REFUND,
    EntryKind.REFUND_FAILED,
    EntryKind.DISPUTE,
    EntryKind.DISPUTE_REVERSED,
)
_FIGURES = EntryFigures._fields
_REFUND_ATTRIBUTES = (
    *("kind", "settled_at", "refund_id", "order_id", "gross_amount"),
    *("refund_type", "reason", "processed_by"),
)


class SettledRefunds(TableGateway):
    """The entries of refunds in LedgerTable. A range of time does not include its end."""

    def entries(  # noqa: PLR0913  # a range, a place in it, and how it is read
        self,
        studio_id: str,
        start: str,
        end: str,
        after: EntryPlace | None,
        page_size: int,
        *,
        newest_first: bool = False,
    ) -> Iterator[LedgerEntry]:
        """Read entries whole, the earliest or the newest first, page by page as they are used.

        Args:
            studio_id: The studio's id.
            start: The first moment of the range, RFC 3339 in UTC with milliseconds.
            end: The first moment after the range.
            after: The place to continue after; None for the start.
            page_size: How many are read at once, at most.
            newest_first: Whether to read backward in time.
        """
        found = self._read(
            studio_id, start, end, after, Limit=page_size, ScanIndexForward=not newest_first
        )
        return map(entry_from_values, found)

    def entries_of_all_studios(self, start: str, end: str) -> Iterator[LedgerEntry]:
        """Read the entries of all studios whole, in order of kind, page by page as they are used.

        Args:
            start: The first moment of the range, RFC 3339 in UTC with milliseconds.
            end: The first moment after the range.
        """
        for kind in _SETTLED_KINDS:
            found = self._table.query(
                "kind = :kind AND settled_at BETWEEN :start AND :end",
                {":kind": kind.value, ":start": start, ":end": end},
                IndexName=KIND_INDEX,
            )
            yield from (entry_from_values(each) for each in found if each["settled_at"] < end)

    def figures(
        self,
        studio_id: str,
        start: str,
        end: str,
        after: EntryPlace | None,
        *,
        newest_first: bool = False,
    ) -> Iterator[EntryFigures]:
        """Read the amounts of entries, the earliest or the newest first.

        Args:
            studio_id: The studio's id.
            start: The first moment of the range, RFC 3339 in UTC with milliseconds.
            end: The first moment after the range.
            after: The place to continue after; None for the start.
            newest_first: Whether to read backward in time.
        """
        read = {
            "ProjectionExpression": ", ".join((*_FIGURES, "settled_at")),
            "ScanIndexForward": not newest_first,
        }
        for values in self._read(studio_id, start, end, after, **read):
            yield EntryFigures(*(values[name] for name in _FIGURES))

    def refunds(self, studio_id: str, start: str, end: str) -> Iterator[SettledRefund]:
        """Read who was refunded what, the earliest first.

        Args:
            studio_id: The studio's id.
            start: The first moment of the range, RFC 3339 in UTC with milliseconds.
            end: The first moment after the range.
        """
        read = ", ".join(_REFUND_ATTRIBUTES)
        for values in self._read(studio_id, start, end, None, ProjectionExpression=read):
            if "refund_id" not in values:  # a dispute
                continue
            yield SettledRefund(
                EntryKind(values["kind"]),
                values["settled_at"],
                values["refund_id"],
                values["order_id"],
                -values["gross_amount"],
                values.get("refund_type"),
                values.get("reason"),
                values.get("processed_by"),
            )

    def _read(
        self,
        studio_id: str,
        start: str,
        end: str,
        after: EntryPlace | None,
        **options: Any,  # noqa: ANN401  # parameters of a Query
    ) -> "Iterator[Values]":
        if after is not None:
            options["ExclusiveStartKey"] = entry_place(studio_id, after.settled_at, after.seq)
        found = self._table.query(
            "studio_id = :studio AND settled_at BETWEEN :start AND :end",
            {":studio": studio_id, ":start": start, ":end": end},
            IndexName=SETTLED_INDEX,
            **options,
        )
        # BETWEEN includes the end, and the range does not.
        return (values for values in found if values["settled_at"] < end)
