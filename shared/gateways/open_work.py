"""Refunds, fee refunds and charges that were interrupted or wait for Stripe, from OpenIndex.

The index is read eventually consistent. What it does not show yet is found by the next run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.order import OrderKey
from shared.gateways.records.keys import (
    OPEN_INDEX,
    REFUND_PREFIX,
    OpenWork,
    order_key_of,
)
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values


@dataclass(frozen=True, slots=True)
class DueWork:
    """A piece of open work.

    Attributes:
        due_at: When it is due, RFC 3339 in UTC.
        order: The order that it belongs to.
        refund_id: The refund, or None if it is about the whole order.
    """

    due_at: str
    order: OrderKey
    refund_id: str | None = None


class OpenWorkIndex(TableGateway):
    """Lists open work, the longest overdue first."""

    def refunds(self, due_before: str | None) -> Iterator[DueWork]:
        """List the refunds that are due before a time (RFC 3339, UTC), or all for None."""
        for found in self._due(OpenWork.REFUND, due_before):
            refund_id = found["SK"].removeprefix(REFUND_PREFIX)
            yield DueWork(found["open_due"], order_key_of(found["PK"]), refund_id)

    def fee_refunds(self, due_before: str | None) -> Iterator[DueWork]:
        """List the orders whose fee refund is due before a time (RFC 3339, UTC), or all."""
        for found in self._due(OpenWork.FEE_REFUND, due_before):
            yield DueWork(found["open_due"], order_key_of(found["PK"]))

    def charges(self, due_before: str | None) -> Iterator[DueWork]:
        """List the orders whose charge must be read before a time (RFC 3339, UTC), or all."""
        for found in self._due(OpenWork.CHARGE, due_before):
            yield DueWork(found["open_due"], order_key_of(found["PK"]))

    def _due(self, kind: OpenWork, due_before: str | None) -> "Iterator[Values]":
        condition, values = "open_pk = :pk", {":pk": kind.value}
        if due_before is not None:
            condition += " AND open_due <= :due"
            values[":due"] = due_before
        return self._table.query(condition, values, IndexName=OPEN_INDEX)
