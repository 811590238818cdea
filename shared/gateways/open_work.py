"""Refunds, fee refunds and charges that were interrupted or wait for Stripe, from OpenIndex.

The index is read eventually consistent. What it does not show yet is found by the next run.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.domain.due_work import CHARGE, FEE_REFUND, DueWork, in_turn
from shared.gateways.records.keys import (
    OPEN_INDEX,
    REFUND_PREFIX,
    OpenWork,
    open_work_query,
    order_key_of,
)
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values


class OpenWorkIndex(TableGateway):
    """Lists open work, of each kind the longest overdue first. Pages are read when needed."""

    def due(self, due_before: str | None) -> Iterator[DueWork]:
        """List all kinds in turn: what is due before a time (RFC 3339, UTC), or all for None."""
        kinds = (self.refunds, self.fee_refunds, self.charges)
        return in_turn(*(kind(due_before) for kind in kinds))

    def refunds(self, due_before: str | None) -> Iterator[DueWork]:
        """List the refunds that are due before a time (RFC 3339, UTC), or all for None."""
        for found in self._due(OpenWork.REFUND, due_before):
            refund_id = found["SK"].removeprefix(REFUND_PREFIX)
            yield DueWork(found["open_due"], order_key_of(found["PK"]), refund_id)

    def fee_refunds(self, due_before: str | None) -> Iterator[DueWork]:
        """List the orders whose fee refund is due before a time (RFC 3339, UTC), or all."""
        for found in self._due(OpenWork.FEE_REFUND, due_before):
            yield DueWork(found["open_due"], order_key_of(found["PK"]), FEE_REFUND)

    def charges(self, due_before: str | None) -> Iterator[DueWork]:
        """List the orders whose charge must be read before a time (RFC 3339, UTC), or all."""
        for found in self._due(OpenWork.CHARGE, due_before):
            yield DueWork(found["open_due"], order_key_of(found["PK"]), CHARGE)

    def _due(self, kind: OpenWork, due_before: str | None) -> "Iterator[Values]":
        return self._table.query(*open_work_query(kind, due_before), IndexName=OPEN_INDEX)
