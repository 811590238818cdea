"""Refunds, fee refunds and charges that were interrupted or wait for Stripe, from OpenIndex.

The index is read eventually consistent. What it does not show yet is found by the next run.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.domain.order import OrderKey
from shared.domain.refund import RefundKey
from shared.gateways.records.keys import (
    OPEN_INDEX,
    REFUND_PREFIX,
    OpenWork,
    order_key_of,
)
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values


class OpenWorkIndex(TableGateway):
    """Lists open work, the longest overdue first."""

    def refunds(self, due_before: str | None) -> Iterator[RefundKey]:
        """List the refunds that are due before a time (RFC 3339, UTC), or all for None."""
        for found in self._due(OpenWork.REFUND, due_before):
            yield RefundKey(order_key_of(found["PK"]), found["SK"].removeprefix(REFUND_PREFIX))

    def fee_refunds(self, due_before: str | None) -> Iterator[OrderKey]:
        """List the orders whose fee refund is due before a time (RFC 3339, UTC), or all."""
        for found in self._due(OpenWork.FEE_REFUND, due_before):
            yield order_key_of(found["PK"])

    def charges(self, due_before: str | None) -> Iterator[OrderKey]:
        """List the orders whose charge must be read before a time (RFC 3339, UTC), or all."""
        for found in self._due(OpenWork.CHARGE, due_before):
            yield order_key_of(found["PK"])

    def _due(self, kind: OpenWork, due_before: str | None) -> "Iterator[Values]":
        condition, values = "open_pk = :pk", {":pk": kind.value}
        if due_before is not None:
            condition += " AND open_due <= :due"
            values[":due"] = due_before
        return self._table.query(condition, values, IndexName=OPEN_INDEX)
