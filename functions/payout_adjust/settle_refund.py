"""Settles refunds: orders, refunds, ledger entries and ledger head in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.payout_adjust.settlement_plan import SettlementPlan
from shared.clock import Clock
from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import LedgerEntry
from shared.domain.order import OrderKey
from shared.domain.refund import RefundKey
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.order_refunds import OrderRefunds, SettlementRecord
from shared.gateways.queues import FeeRefundQueue
from shared.gateways.settlement_store import SettlementsTooLargeError, SettlementStore

# A batch has at most ten messages, so at most five studios with more than one. The function has
# 30 s: 5 times the one, and then 10 times the other.
_CONTENTION_SECONDS_TOGETHER = 0.8
_CONTENTION_SECONDS = 2.2


class NothingToSettleError(Exception):
    """The message names a missing refund, order or studio. No retry can help."""


@dataclass(frozen=True, slots=True)
class SettleRefund:
    """Writes the ledger entries that refunds need. A repeat finds that it needs none."""

    orders: OrderRefunds
    settlements: SettlementStore
    fee_refund_queue: FeeRefundQueue
    clock: Clock

    def __call__(self, order: OrderKey, refund_id: str) -> LedgerEntry | None:
        """Settle one refund's success or its late failure.

        Returns:
            The new ledger entry, or None if the refund needs none.

        Raises:
            NothingToSettleError: There is no such refund.
            StaleStateError: Others kept changing the studio's ledger; try again later.
        """
        key = RefundKey(order, refund_id)
        for number in tries(_CONTENTION_SECONDS):
            record = self._load(key, is_first=number == 0)
            refund = record.refunds.get(refund_id) if record else None
            if record is None or refund is None:
                raise NothingToSettleError(f"order {order.order_id} has no refund {refund_id}")
            if not refund.settlement_owed:
                self._announce(record.fee_refund)
                return None
            plan = self._plan(order.studio_id, {order: record})
            if plan is None:
                raise NothingToSettleError(f"studio {order.studio_id} has no ledger")
            plan.settle_next(key)
            try:
                self._write(plan)
            except StaleStateError:
                continue
            if key in plan.entries:
                return plan.entries[key]
        raise StaleStateError

    def _load(self, key: RefundKey, *, is_first: bool) -> SettlementRecord | None:
        """Read an order, at half the cost if that is enough.

        An inconsistent read may be a moment old. It is enough if the refund is the order's only
        one and owes a settlement: if the state or the refund has changed since, and a new refund
        changes the state, then the write fails and the next try reads consistently. Anything else
        that it says is not believed: a refund that is missing would be parked, and one that was
        confirmed a moment ago would not be settled.
        """
        if is_first:
            record = self.orders.load_settlement(key.order, consistent=False)
            if record is not None and _has_only(record, key.refund_id):
                return record
        return self.orders.load_settlement(key.order)

    def together(self, refunds: Sequence[RefundKey]) -> dict[RefundKey, LedgerEntry | None]:
        """Settle refunds of ONE studio in as few transactions as they fit into.

        Returns:
            The new ledger entry of each refund, or None if it needs none. Refunds that are left out
            must be settled one by one: they are missing, or others kept changing the ledger.
        """
        if len(refunds) < 2:  # noqa: PLR2004  # one refund has its own way
            return {}
        for _ in tries(_CONTENTION_SECONDS_TOGETHER):
            try:
                return self._settle_together(refunds)
            except StaleStateError:
                continue
            except SettlementsTooLargeError:
                half = len(refunds) // 2
                return self.together(refunds[:half]) | self.together(refunds[half:])
        return {}

    def _settle_together(self, refunds: Sequence[RefundKey]) -> dict[RefundKey, LedgerEntry | None]:
        records = {}
        for order in dict.fromkeys(key.order for key in refunds):
            record = self.orders.load_settlement(order)
            if record is not None:
                records[order] = record
        plan = self._plan(refunds[0].order.studio_id, records)
        if plan is None:
            return {}
        present = list(filter(plan.has, refunds))
        plan.settle_all(present)
        if plan.postings:
            self._write(plan)
        else:
            self._announce(*(record.fee_refund for record in records.values()))
        return {key: plan.entries.get(key) for key in present}

    def _plan(
        self, studio_id: str, records: dict[OrderKey, SettlementRecord]
    ) -> SettlementPlan | None:
        """Return an empty plan for a studio's orders, or None if the studio has no ledger."""
        head = self.settlements.load_head(studio_id)
        return SettlementPlan(head, records, self.clock()) if head else None

    def _write(self, plan: SettlementPlan) -> None:
        """Write a plan, then announce the application fees that it left to refund."""
        self.settlements.record_settlements(plan.settled_orders(), plan.postings)
        self._announce(*plan.fee_refunds_after())

    def _announce(self, *fee_refunds: FeeRefund | None) -> None:
        self.fee_refund_queue.announce(*(each for each in fee_refunds if each and each.is_open))


def _has_only(record: SettlementRecord, refund_id: str) -> bool:
    """Return whether a refund is its order's only one and owes a settlement."""
    refund = record.refunds.get(refund_id)
    return refund is not None and refund.settlement_owed and len(record.refunds) == 1
