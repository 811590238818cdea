"""Limit guards, and the states of the orders with refunds in flight, in OrdersTable."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.limit_guard import MOST_ORDERS, LimitGuard
from shared.domain.order import OrderKey, OrderState
from shared.gateways.records.keys import (
    ATTENTION_INDEX,
    LIMIT_GUARD_SK,
    STATE_SK,
    AttentionPartition,
    attention_query,
    order_key_of,
    order_pk,
    primary_key,
    studio_pk,
)
from shared.gateways.records.limit_guard import guard_from_values, guard_to_item
from shared.gateways.records.order_state import state_from_values
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.table import Step


class LimitGuards(TableGateway):
    """The guards' items, one for each studio that refuses refunds beyond its limit."""

    def get(self, studio_id: str) -> LimitGuard:
        """Read a studio's guard, consistently. A studio without one gets an empty one."""
        values = self._table.get(studio_pk(studio_id), LIMIT_GUARD_SK)
        return guard_from_values(values) if values else LimitGuard(studio_id)

    def put(self, guard: LimitGuard) -> "Step":
        """Return the transaction step that writes a guard, the first one or the one as read."""
        item = guard_to_item(replace(guard, version=guard.version + 1))
        if guard.version:
            return self._table.replacing(item, guard.version)
        return self._table.new(item)

    def orders_in_flight(self, studio_id: str) -> set[str]:
        """Return the orders with refunds that are not settled yet; eventually consistent.

        At most ``MOST_ORDERS`` refunds are read, the oldest first, so that the cost is bounded.
        """
        query = attention_query(studio_id, AttentionPartition.OPEN)
        found, _ = self._table.page(*query, IndexName=ATTENTION_INDEX, Limit=MOST_ORDERS)
        return {order_key_of(values["PK"]).order_id for values in found}

    def states(self, studio_id: str, order_ids: Iterable[str]) -> Iterator[OrderState]:
        """Read the states of a studio's orders, consistently, in no order."""
        keys = [primary_key(order_pk(OrderKey(studio_id, each)), STATE_SK) for each in order_ids]
        return map(state_from_values, self._table.batch_get(keys, consistent=True))
