"""Orders, their refunds and what changes of them, in OrdersTable."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.domain.fee_refund import FeeRefund
from shared.domain.message import Message
from shared.domain.order import Order, OrderState
from shared.domain.refund import Refund
from shared.gateways import items
from shared.gateways.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.gateways.table import Step


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order with all that has happened to it."""

    order: Order
    state: OrderState
    refunds: dict[str, Refund]
    document: items.Values


@dataclass(frozen=True, slots=True)
class OrderPanel:
    """All that people look at of an order: the order, and the messages about it."""

    record: OrderRecord
    messages: list[Message]


@dataclass(frozen=True, slots=True)
class SettlementRecord:
    """What settling a refund of an order reads: the state, the refunds and the fee's refund."""

    state: OrderState
    refunds: dict[str, Refund]
    fee_refund: FeeRefund | None


@dataclass(frozen=True, slots=True)
class ChargePointer:
    """Which order a Stripe charge paid for, and on whose Stripe account it lives."""

    charge_id: str
    order_id: str
    studio_id: str
    account_id: str | None


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Something the reconciler has to look at: a refund, or an order's fee refund."""

    kind: str
    order_id: str
    refund_id: str | None


class OrdersTable:
    """The orders' side of the books.

    Args:
        dynamodb: A low-level client.
        name: The table's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._table = Table(dynamodb, name)

    def load_order(self, order_id: str) -> OrderRecord | None:
        """Read an order with its state and refunds, consistently, or None."""
        return _order_record(self._between(order_id, items.ORDER_SK, items.STATE_SK))

    def load_panel(self, order_id: str) -> OrderPanel | None:
        """Read an order with its messages too, consistently, in one Query, or None.

        Messages carry the text of a mail each: nothing but the panel reads them.
        """
        pk = {":pk": items.order_pk(order_id)}
        found = list(self._table.query("PK = :pk", pk, ConsistentRead=True))
        record = _order_record(found)
        if record is None:
            return None
        messages = [
            items.message_from_values(values)
            for values in found
            if values["SK"].startswith(items.MESSAGE_PREFIX)
        ]
        return OrderPanel(record, messages)

    def load_settlement(self, order_id: str) -> SettlementRecord | None:
        """Read what a settlement of the order needs, consistently, in one Query, or None."""
        state = fee_refund = None
        refunds = {}
        for values in self._between(order_id, items.REFUND_PREFIX, items.STATE_SK):
            sk = values["SK"]
            if sk == items.STATE_SK:
                state = items.state_from_values(values)
            elif sk == items.FEE_REFUND_SK:
                fee_refund = items.fee_refund_from_values(values)
            elif sk.startswith(items.REFUND_PREFIX):
                refund = items.refund_from_values(values)
                refunds[refund.refund_id] = refund
        return SettlementRecord(state, refunds, fee_refund) if state else None

    def get_refund(self, order_id: str, refund_id: str) -> Refund | None:
        """Read a refund, consistently, or None."""
        values = self._table.get(items.order_pk(order_id), items.refund_sk(refund_id))
        return items.refund_from_values(values) if values else None

    def get_state(self, order_id: str) -> OrderState | None:
        """Read an order's state, consistently, or None."""
        values = self._table.get(items.order_pk(order_id), items.STATE_SK)
        return items.state_from_values(values) if values else None

    def get_fee_refund(self, order_id: str) -> FeeRefund | None:
        """Read an order's application fee refund, consistently, or None."""
        values = self._table.get(items.order_pk(order_id), items.FEE_REFUND_SK)
        return items.fee_refund_from_values(values) if values else None

    def find_charge(self, charge_id: str) -> ChargePointer | None:
        """Find which order a Stripe charge belongs to, consistently, or None."""
        values = self._table.get(items.charge_pk(charge_id), items.CHARGE_SK)
        if values is None:
            return None
        return ChargePointer(
            charge_id, values["order_id"], values["studio_id"], values.get("account_id")
        )

    def open_work(self, kind: str, due_before: str | None) -> Iterator[OpenWork]:
        """List what is open, the longest due first.

        The index is read eventually consistent: what it does not show yet is found next time.

        Args:
            kind: ``items.OPEN_REFUND`` or ``items.OPEN_FEE_REFUND``.
            due_before: Only what is due before that time (RFC 3339, UTC), or None for all.
        """
        condition = "open_pk = :pk"
        values = {":pk": kind}
        if due_before is not None:
            condition += " AND open_due <= :due"
            values[":due"] = due_before
        for found in self._table.query(condition, values, IndexName=items.OPEN_INDEX):
            sk = found["SK"]
            yield OpenWork(
                kind,
                found["PK"].removeprefix("ORDER#"),
                sk.removeprefix(items.REFUND_PREFIX) if kind == items.OPEN_REFUND else None,
            )

    def reserve_refund(self, state: OrderState, refund: Refund) -> None:
        """Write the intent and reserve its money in one step, before Stripe is called.

        Raises:
            StaleStateError: The state have changed, or the refund exists already.
        """
        self._table.write(self.put_state(state), self.put_new_refund(refund))

    def take_in_refund(self, state: OrderState, refund: Refund) -> None:
        """Record a refund that was made outside, with its money out.

        Raises:
            StaleStateError: The state have changed, or the refund exists already.
        """
        self._table.write(self.put_state(state), self.put_new_refund(refund))

    def release_refund(self, state: OrderState, refund: Refund) -> None:
        """Record that an unsettled refund failed and free its money, in one step.

        Raises:
            StaleStateError: The state or the refund have changed.
        """
        self._table.write(self.put_state(state), self.put_refund(refund))

    def record_failed_from_start(self, refund: Refund) -> None:
        """Record a refund made outside that had failed before it was seen; no money is out.

        Raises:
            StaleStateError: It exists already.
        """
        self._table.write(self.put_new_refund(refund))

    def advance_refund(self, refund: Refund) -> Refund:
        """Record a refund's progress that moves no money of the order, and return it as stored.

        Raises:
            StaleStateError: The refund has changed.
        """
        self._table.write(self.put_refund(refund))
        return replace(refund, version=refund.version + 1)

    def record_resolution(self, state: OrderState, refund: Refund) -> None:
        """Record what became of a failed refund, and what of the order is paid by other means.

        Raises:
            StaleStateError: The state or the refund have changed.
        """
        self._table.write(self.put_state(state), self.put_refund(refund))

    def update_state(self, state: OrderState) -> None:
        """Record what changed of an order beside its refunds: its print, or a dispute.

        Raises:
            StaleStateError: The state have changed.
        """
        self._table.write(self.put_state(state))

    def advance_fee_refund(self, fee_refund: FeeRefund) -> FeeRefund:
        """Record the progress of an application fee's refund, and return it as stored.

        Raises:
            StaleStateError: It has changed.
        """
        stored = replace(fee_refund, version=fee_refund.version + 1)
        self._table.write(
            self._table.replacing(items.fee_refund_to_item(stored), fee_refund.version)
        )
        return stored

    def put_state(self, state: OrderState) -> "Step":
        """Return the transaction's step that replaces the state as read."""
        stored = replace(state, version=state.version + 1)
        return self._table.replacing(items.state_to_item(stored), state.version)

    def put_refund(self, refund: Refund) -> "Step":
        """Return the transaction's step that replaces the refund as read."""
        stored = replace(refund, version=refund.version + 1)
        return self._table.replacing(items.refund_to_item(stored), refund.version)

    def put_new_refund(self, refund: Refund) -> "Step":
        """Return the transaction's step that adds a refund."""
        return self._table.new(items.refund_to_item(refund))

    def put_fee_refund(self, fee_refund: FeeRefund) -> "Step":
        """Return the transaction's step that adds or replaces an application fee's refund."""
        item = items.fee_refund_to_item(replace(fee_refund, version=fee_refund.version + 1))
        if fee_refund.version:
            return self._table.replacing(item, fee_refund.version)
        return self._table.new(item)

    def _between(self, order_id: str, first: str, last: str) -> Iterator[items.Values]:
        return self._table.query(
            "PK = :pk AND SK BETWEEN :first AND :last",
            {":pk": items.order_pk(order_id), ":first": first, ":last": last},
            ConsistentRead=True,
        )


def _order_record(collection: Iterable[items.Values]) -> OrderRecord | None:
    """Return the order of an item collection, or None where it is not there or was erased."""
    order = document = state = None
    refunds = {}
    for values in collection:
        sk = values["SK"]
        if sk == items.ORDER_SK:
            document = values
            order = items.order_from_values(values)
        elif sk == items.STATE_SK:
            state = items.state_from_values(values)
        elif sk.startswith(items.REFUND_PREFIX):
            refund = items.refund_from_values(values)
            refunds[refund.refund_id] = refund
    if order is None or state is None or document is None:
        return None
    return OrderRecord(order, state, refunds, document)
