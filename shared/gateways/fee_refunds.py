"""The refunds of application fees, in OrdersTable beside their orders."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.fee_refund import FeeRefund
from shared.domain.order import OrderKey
from shared.gateways.records.fee_refund import fee_refund_from_values, fee_refund_to_item
from shared.gateways.records.keys import FEE_REFUND_SK, order_pk, primary_key
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.table import Step


class FeeRefunds(TableGateway):
    """One record for each order whose application fee is refunded."""

    def get(self, order: OrderKey) -> FeeRefund | None:
        """Read an order's fee refund, consistently, or None."""
        values = self._table.get(order_pk(order), FEE_REFUND_SK)
        return fee_refund_from_values(values) if values else None

    def get_many(self, orders: Iterable[OrderKey]) -> Iterator[FeeRefund]:
        """Read the fee refunds of orders, consistently, in no order. Orders without are left out.

        Args:
            orders: The orders, each named once.
        """
        keys = (primary_key(order_pk(order), FEE_REFUND_SK) for order in orders)
        return map(fee_refund_from_values, self._table.batch_get(keys, consistent=True))

    def advance(self, fee_refund: FeeRefund) -> FeeRefund:
        """Record progress of a fee refund, and return it as stored.

        Raises:
            StaleStateError: It has changed.
        """
        stored = replace(fee_refund, version=fee_refund.version + 1)
        self._table.write(self._table.replacing(fee_refund_to_item(stored), fee_refund.version))
        return stored

    def put(self, fee_refund: FeeRefund) -> "Step":
        """Return the transaction step that adds or replaces a fee refund."""
        item = fee_refund_to_item(replace(fee_refund, version=fee_refund.version + 1))
        if fee_refund.version:
            return self._table.replacing(item, fee_refund.version)
        return self._table.new(item)
