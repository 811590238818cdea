"""Refunds, fee refunds and charges that were interrupted or wait for Stripe.

They are in OpenIndex by the time when they are due. Only refunds that are not settled yet are in
AttentionIndex, by studio, for people's lists too. Both are read eventually consistent. What they do
not show yet is found by the next run.
"""

from collections.abc import Iterator
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING

from shared.domain.due_work import CHARGE, FEE_REFUND, DueWork, in_turn
from shared.gateways.records.keys import (
    ATTENTION_INDEX,
    OPEN_INDEX,
    REFUND_PREFIX,
    AttentionPartition,
    OpenWork,
    open_work_query,
    order_key_of,
)
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values


_BY_DUE_TIME = attrgetter("due_at")


class OpenWorkIndex(TableGateway):
    """Lists open work, of each kind the longest overdue first. Pages are read when needed.

    Only of the refunds that are not settled yet, all are read: half a read unit for about sixteen.
    Few are open at a time, because most settle within seconds.
    """

    def due(self, due_before: str | None) -> Iterator[DueWork]:
        """List all kinds in turn: what is due before a time (RFC 3339, UTC), or all for None."""
        kinds = (self.refunds, self.fee_refunds, self.charges)
        return in_turn(*(kind(due_before) for kind in kinds))

    def refunds(self, due_before: str | None) -> Iterator[DueWork]:
        """List the refunds that are due before a time (RFC 3339, UTC), or all for None."""
        failed_late = (
            _due_refund(found, found["open_due"])
            for found in self._due(OpenWork.LATE_FAILURE, due_before)
        )
        unsettled = (
            _due_refund(found, found["next_poll_at"]) for found in self._unsettled(due_before)
        )
        return merge(failed_late, sorted(unsettled, key=_BY_DUE_TIME), key=_BY_DUE_TIME)

    def fee_refunds(self, due_before: str | None) -> Iterator[DueWork]:
        """List the orders whose fee refund is due before a time (RFC 3339, UTC), or all."""
        for found in self._due(OpenWork.FEE_REFUND, due_before):
            yield DueWork(found["open_due"], order_key_of(found["PK"]), FEE_REFUND)

    def charges(self, due_before: str | None) -> Iterator[DueWork]:
        """List the orders whose charge must be read before a time (RFC 3339, UTC), or all."""
        for found in self._due(OpenWork.CHARGE, due_before):
            yield DueWork(found["open_due"], order_key_of(found["PK"]), CHARGE)

    def _unsettled(self, due_before: str | None) -> "Iterator[Values]":
        values, due = {":pk": AttentionPartition.OPEN.value}, {}
        if due_before is not None:
            values[":now"] = due_before
            due = {"FilterExpression": "next_poll_at <= :now"}
        return self._table.query("attention_pk = :pk", values, IndexName=ATTENTION_INDEX, **due)

    def _due(self, kind: OpenWork, due_before: str | None) -> "Iterator[Values]":
        return self._table.query(*open_work_query(kind, due_before), IndexName=OPEN_INDEX)


def _due_refund(found: "Values", due_at: str) -> DueWork:
    return DueWork(due_at, order_key_of(found["PK"]), found["SK"].removeprefix(REFUND_PREFIX))
