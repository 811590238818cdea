"""Orders, their refunds and what changes of them, in OrdersTable.

Every write carries a condition on the version that was read, so that of two writers one wins and
the other, told by ``StaleStateError``, reads again and decides again:

    read (version 7) ──────────────► put if version = 7 ✔ (now 8)
        read (version 7) ──────────────► put if version = 7 ✘ StaleStateError
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.domain.fee_refund import FeeRefund
from shared.domain.message import Message
from shared.domain.order import Order, OrderTotals
from shared.domain.refund import Refund
from shared.gateways import items
from shared.gateways.conflict import stale_on_conflict, transact

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

NOT_THERE_YET = "attribute_not_exists(PK)"
VERSION_UNCHANGED = "version = :seen"


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order with all that has happened to it."""

    order: Order
    totals: OrderTotals
    refunds: dict[str, Refund]
    document: items.Values


@dataclass(frozen=True, slots=True)
class OrderPanel:
    """All that people look at of an order: the order, and the messages about it."""

    record: OrderRecord
    messages: list[Message]


@dataclass(frozen=True, slots=True)
class SettlementRecord:
    """What settling a refund of an order reads: the totals, the refunds and the fee's refund."""

    totals: OrderTotals
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
        self._dynamodb = dynamodb
        self._name = name

    def load_order(self, order_id: str) -> OrderRecord | None:
        """Read an order with its totals and refunds, consistently, or None."""
        between: items.Item = {":from": {"S": items.ORDER_SK}, ":to": {"S": items.TOTALS_SK}}
        return _order_record(
            self._query(order_id, "PK = :pk AND SK BETWEEN :from AND :to", between)
        )

    def load_panel(self, order_id: str) -> OrderPanel | None:
        """Read an order with its messages too, consistently, in one Query, or None.

        Messages carry the text of a mail each: nothing but the panel reads them.
        """
        found = list(self._query(order_id, "PK = :pk", {}))
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
        totals = fee_refund = None
        refunds = {}
        between: items.Item = {":from": {"S": items.REFUND_PREFIX}, ":to": {"S": items.TOTALS_SK}}
        for values in self._query(order_id, "PK = :pk AND SK BETWEEN :from AND :to", between):
            sk = values["SK"]
            if sk == items.TOTALS_SK:
                totals = items.totals_from_values(values)
            elif sk == items.FEE_REFUND_SK:
                fee_refund = items.fee_refund_from_values(values)
            elif sk.startswith(items.REFUND_PREFIX):
                refund = items.refund_from_values(values)
                refunds[refund.refund_id] = refund
        return SettlementRecord(totals, refunds, fee_refund) if totals else None

    def get_refund(self, order_id: str, refund_id: str) -> Refund | None:
        """Read a refund, consistently, or None."""
        values = self._get(items.order_pk(order_id), items.refund_sk(refund_id))
        return items.refund_from_values(values) if values else None

    def get_totals(self, order_id: str) -> OrderTotals | None:
        """Read an order's totals, consistently, or None."""
        values = self._get(items.order_pk(order_id), items.TOTALS_SK)
        return items.totals_from_values(values) if values else None

    def get_fee_refund(self, order_id: str) -> FeeRefund | None:
        """Read an order's application fee refund, consistently, or None."""
        values = self._get(items.order_pk(order_id), items.FEE_REFUND_SK)
        return items.fee_refund_from_values(values) if values else None

    def find_charge(self, charge_id: str) -> ChargePointer | None:
        """Find which order a Stripe charge belongs to, consistently, or None."""
        values = self._get(items.charge_pk(charge_id), items.CHARGE_SK)
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
        values: items.Item = {":pk": {"S": kind}}
        if due_before is not None:
            condition += " AND open_due <= :due"
            values[":due"] = {"S": due_before}
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=items.OPEN_INDEX,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
        )
        for page in pages:
            for item in page["Items"]:
                found = items.unmarshal(item)
                sk = found["SK"]
                yield OpenWork(
                    kind,
                    found["PK"].removeprefix("ORDER#"),
                    sk.removeprefix(items.REFUND_PREFIX) if kind == items.OPEN_REFUND else None,
                )

    def reserve_refund(self, totals: OrderTotals, refund: Refund) -> None:
        """Write the intent and reserve its money in one step, before Stripe is called.

        Raises:
            StaleStateError: The totals have changed, or the refund exists already.
        """
        self._add_refund(totals, refund)

    def take_in_refund(self, totals: OrderTotals, refund: Refund) -> None:
        """Record a refund that was made outside, with its money out.

        Raises:
            StaleStateError: The totals have changed, or the refund exists already.
        """
        self._add_refund(totals, refund)

    def release_refund(self, totals: OrderTotals, refund: Refund) -> None:
        """Record that an unsettled refund failed and free its money, in one step.

        Raises:
            StaleStateError: The totals or the refund have changed.
        """
        self._transact(self.put_totals(totals), self.put_refund(refund))

    def record_failed_from_start(self, refund: Refund) -> None:
        """Record a refund made outside that had failed before it was seen; no money is out.

        Raises:
            StaleStateError: It exists already.
        """
        self._put(items.refund_to_item(refund), NOT_THERE_YET, None)

    def advance_refund(self, refund: Refund) -> Refund:
        """Record a refund's progress that moves no money of the order, and return it as stored.

        Raises:
            StaleStateError: The refund has changed.
        """
        stored = replace(refund, version=refund.version + 1)
        self._put(items.refund_to_item(stored), VERSION_UNCHANGED, refund.version)
        return stored

    def record_resolution(self, totals: OrderTotals, refund: Refund) -> None:
        """Record what became of a failed refund, and what of the order is paid by other means.

        Raises:
            StaleStateError: The totals or the refund have changed.
        """
        self._transact(self.put_totals(totals), self.put_refund(refund))

    def update_totals(self, totals: OrderTotals) -> None:
        """Record what changed of an order beside its refunds: its print, or a dispute.

        Raises:
            StaleStateError: The totals have changed.
        """
        stored = replace(totals, version=totals.version + 1)
        self._put(items.totals_to_item(stored), VERSION_UNCHANGED, totals.version)

    def advance_fee_refund(self, fee_refund: FeeRefund) -> FeeRefund:
        """Record the progress of an application fee's refund, and return it as stored.

        Raises:
            StaleStateError: It has changed.
        """
        stored = replace(fee_refund, version=fee_refund.version + 1)
        self._put(items.fee_refund_to_item(stored), VERSION_UNCHANGED, fee_refund.version)
        return stored

    def _add_refund(self, totals: OrderTotals, refund: Refund) -> None:
        self._transact(self.put_totals(totals), self.put_new_refund(refund))

    def put_totals(self, totals: OrderTotals) -> "TransactWriteItemTypeDef":
        """Return the transaction's step that replaces the totals as read."""
        stored = replace(totals, version=totals.version + 1)
        return self._versioned_put(items.totals_to_item(stored), totals.version)

    def put_refund(self, refund: Refund) -> "TransactWriteItemTypeDef":
        """Return the transaction's step that replaces the refund as read."""
        stored = replace(refund, version=refund.version + 1)
        return self._versioned_put(items.refund_to_item(stored), refund.version)

    def put_new_refund(self, refund: Refund) -> "TransactWriteItemTypeDef":
        """Return the transaction's step that adds a refund."""
        return {
            "Put": {
                "TableName": self._name,
                "Item": items.refund_to_item(refund),
                "ConditionExpression": NOT_THERE_YET,
            }
        }

    def put_fee_refund(self, fee_refund: FeeRefund) -> "TransactWriteItemTypeDef":
        """Return the transaction's step that adds or replaces an application fee's refund."""
        stored = replace(fee_refund, version=fee_refund.version + 1)
        item = items.fee_refund_to_item(stored)
        if fee_refund.version:
            return self._versioned_put(item, fee_refund.version)
        return {
            "Put": {
                "TableName": self._name,
                "Item": item,
                "ConditionExpression": NOT_THERE_YET,
            }
        }

    def _versioned_put(self, item: items.Item, seen: int) -> "TransactWriteItemTypeDef":
        return {
            "Put": {
                "TableName": self._name,
                "Item": item,
                "ConditionExpression": VERSION_UNCHANGED,
                "ExpressionAttributeValues": {":seen": {"N": str(seen)}},
            }
        }

    def _query(self, order_id: str, condition: str, more: items.Item) -> Iterator[items.Values]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression=condition,
            ExpressionAttributeValues={":pk": {"S": items.order_pk(order_id)}, **more},
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(items.unmarshal, page["Items"])

    def _get(self, pk: str, sk: str) -> items.Values | None:
        answer = self._dynamodb.get_item(
            TableName=self._name, Key=items.key(pk, sk), ConsistentRead=True
        )
        return items.unmarshal(answer["Item"]) if "Item" in answer else None

    def _put(self, item: items.Item, condition: str, seen: int | None) -> None:
        values: items.Item = {} if seen is None else {":seen": {"N": str(seen)}}
        with stale_on_conflict():
            if values:
                self._dynamodb.put_item(
                    TableName=self._name,
                    Item=item,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                )
            else:
                self._dynamodb.put_item(
                    TableName=self._name, Item=item, ConditionExpression=condition
                )

    def _transact(self, *steps: "TransactWriteItemTypeDef") -> None:
        transact(self._dynamodb, list(steps))


def _order_record(collection: Iterable[items.Values]) -> OrderRecord | None:
    """Return the order of an item collection, or None where it is not there or was erased."""
    order = document = totals = None
    refunds = {}
    for values in collection:
        sk = values["SK"]
        if sk == items.ORDER_SK:
            document = values
            order = items.order_from_values(values)
        elif sk == items.TOTALS_SK:
            totals = items.totals_from_values(values)
        elif sk.startswith(items.REFUND_PREFIX):
            refund = items.refund_from_values(values)
            refunds[refund.refund_id] = refund
    if order is None or totals is None or document is None:
        return None
    return OrderRecord(order, totals, refunds, document)
