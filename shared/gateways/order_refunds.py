"""The refunds of orders, in OrdersTable, and the transactions that write them with their states."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.domain.fee_refund import FeeRefund
from shared.domain.order import OrderKey, OrderState
from shared.domain.refund import Refund, RefundKey
from shared.gateways.order_states import OrderStates
from shared.gateways.records.fee_refund import fee_refund_from_values
from shared.gateways.records.keys import (
    FEE_REFUND_SK,
    REFUND_PREFIX,
    STATE_SK,
    order_pk,
    primary_key,
    refund_sk,
)
from shared.gateways.records.order_state import state_from_values
from shared.gateways.records.refund import refund_from_values, refund_to_item

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values
    from shared.gateways.table import Step


@dataclass(frozen=True, slots=True)
class SettlementRecord:
    """What a settlement reads of an order: its state, its refunds and its fee refund."""

    state: OrderState
    refunds: dict[str, Refund]
    fee_refund: FeeRefund | None


class OrderRefunds(OrderStates):
    """Refunds and states. ``OrdersTable`` also reads orders as imported."""

    def load_settlement(
        self, order: OrderKey, *, consistent: bool = True
    ) -> SettlementRecord | None:
        """Read what a settlement of the order needs, in one Query, or None."""
        state = fee_refund = None
        refunds = {}
        for values in self._between(order, REFUND_PREFIX, STATE_SK, consistent=consistent):
            sk = values["SK"]
            if sk == STATE_SK:
                state = state_from_values(values)
            elif sk == FEE_REFUND_SK:
                fee_refund = fee_refund_from_values(values)
            elif sk.startswith(REFUND_PREFIX):
                refund = refund_from_values(values)
                refunds[refund.refund_id] = refund
        return SettlementRecord(state, refunds, fee_refund) if state else None

    def get_refund(self, order: OrderKey, refund_id: str) -> Refund | None:
        """Read a refund, consistently, or None."""
        values = self._table.get(order_pk(order), refund_sk(refund_id))
        return refund_from_values(values) if values else None

    def read_refunds(
        self, keys: Iterable[RefundKey], *, consistent: bool = False
    ) -> Iterator[Refund]:
        """Read refunds by their keys, each named once, in no order. Missing ones are left out."""
        wanted = [primary_key(order_pk(each.order), refund_sk(each.refund_id)) for each in keys]
        return map(refund_from_values, self._table.batch_get(wanted, consistent=consistent))

    def reserve_refund(self, state: OrderState, refund: Refund, *also: "Step") -> None:
        """Write the intent and reserve its money in one step, before Stripe is called.

        Args:
            state: The order's state with the reservation, at the version read.
            refund: The new refund.
            also: Steps of the same transaction, such as the studio's limit guard.

        Raises:
            StaleStateError: The state has changed, the refund exists already, or the condition of
                another step is not true any more.
        """
        self._table.write(self.put_state(state), self._put_new_refund(refund), *also)

    def record_external_refund(self, state: OrderState, refund: Refund) -> None:
        """Record a refund that was made outside, and reserve its money.

        Raises:
            StaleStateError: The state has changed, or the refund exists already.
        """
        self._table.write(self.put_state(state), self._put_new_refund(refund))

    def record_failed_from_start(self, refund: Refund) -> None:
        """Record an external refund that had failed before we saw it. It reserves no money.

        Raises:
            StaleStateError: The refund exists already.
        """
        self._table.write(self._put_new_refund(refund))

    def release_refund(self, state: OrderState, refund: Refund) -> None:
        """Record that an unsettled refund failed and free its money, in one step.

        Raises:
            StaleStateError: The state or the refund has changed.
        """
        self._table.write(self.put_state(state), self.put_refund(refund))

    def record_resolution(self, state: OrderState, refund: Refund) -> None:
        """Record how a failed refund was resolved, and what was paid by other means.

        Raises:
            StaleStateError: The state or the refund has changed.
        """
        self._table.write(self.put_state(state), self.put_refund(refund))

    def advance_refund(self, refund: Refund) -> Refund:
        """Record progress of a refund that moves no money of the order. Return it as stored.

        Raises:
            StaleStateError: The refund has changed.
        """
        self._table.write(self.put_refund(refund))
        return replace(refund, version=refund.version + 1)

    def put_refund(self, refund: Refund) -> "Step":
        """Return the transaction step that replaces the refund as read."""
        stored = replace(refund, version=refund.version + 1)
        return self._table.replacing(refund_to_item(stored), refund.version)

    def _put_new_refund(self, refund: Refund) -> "Step":
        return self._table.new(refund_to_item(refund))

    def _between(
        self, order: OrderKey, first_sk: str, last_sk: str, *, consistent: bool = True
    ) -> "Iterator[Values]":
        return self._table.query(
            "PK = :pk AND SK BETWEEN :first AND :last",
            {":pk": order_pk(order), ":first": first_sk, ":last": last_sk},
            ConsistentRead=consistent,
        )
