"""What settled of a studio's refunds, in order of time, from the ledger's index.

The index has an entry for each refund that settled and for each that failed afterwards, and none
of sales and payouts: reading a month costs what settled in it, whatever else is in the table. It is
read eventually consistent, as every index is: an entry may come into it a moment after it was
written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from shared.domain.ledger import LedgerEntry
from shared.gateways import items
from shared.gateways.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """Where an entry stands in the index: when it settled, and its number in the ledger."""

    settled_at: str
    seq: int


class SettledRefunds:
    """The entries of refunds in LedgerTable.

    Args:
        dynamodb: A low-level client.
        name: LedgerTable's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._table = Table(dynamodb, name)

    def entries(
        self, studio_id: str, start: str, end: str, after: EntryPlace | None, page_size: int
    ) -> Iterator[LedgerEntry]:
        """Read entries whole, the earliest first, page by page as they are asked for.

        Args:
            studio_id: Whose.
            start: When the time begins, RFC 3339 in UTC with milliseconds.
            end: When it is over: the first moment that is not in it.
            after: Only what comes after that place; None from the start.
            page_size: How many are read at once, at most.
        """
        found = self._read(studio_id, start, end, after, Limit=page_size)
        return map(items.entry_from_values, found)

    def figures(
        self,
        studio_id: str,
        start: str,
        end: str,
        after: EntryPlace | None = None,
        names: tuple[str, ...] = (),
    ) -> Iterator[items.Values]:
        """Read fields of entries, the earliest first, as much at once as there can be.

        Taking an entry apart takes longer than reading it, the longer the more fields it has.

        Args:
            studio_id: Whose.
            start: When the time begins, RFC 3339 in UTC with milliseconds.
            end: When it is over: the first moment that is not in it.
            after: Only what comes after that place; None from the start.
            names: Which fields, ``settled_at`` always among them; all if none is named.
        """
        asked = ", ".join(dict.fromkeys((*names, "settled_at")))
        options = {"ProjectionExpression": asked} if names else {}
        return self._read(studio_id, start, end, after, **options)

    def _read(
        self,
        studio_id: str,
        start: str,
        end: str,
        after: EntryPlace | None,
        **options: Any,  # noqa: ANN401  # parameters of a Query
    ) -> Iterator[items.Values]:
        if after is not None:
            place = items.settled_place(studio_id, after.settled_at, after.seq)
            options["ExclusiveStartKey"] = place
        found = self._table.query(
            "studio_id = :studio AND settled_at BETWEEN :start AND :end",
            {":studio": studio_id, ":start": start, ":end": end},
            IndexName=items.SETTLED_INDEX,
            **options,
        )
        # BETWEEN has both its ends, and the range has not: the end is the next day's.
        return takewhile(lambda values: values["settled_at"] < end, found)
