"""Settlements that one transaction will write, planned in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.clock import rfc3339
from shared.domain.fee_refund import FeeRefund, with_target_of
from shared.domain.ledger import (
    OPENING_KINDS,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    Posting,
    append,
)
from shared.domain.order import OrderKey
from shared.domain.refund import FIRST_POLL_DELAY, Refund, RefundKey, RefundStatus
from shared.domain.settlement import Settlement, next_to_settle, settle
from shared.domain.tax import negated, text_of_parts
from shared.gateways.order_refunds import SettlementRecord
from shared.gateways.settlement_store import SettledOrder

# Who settles, in the refunds' history.
ACTOR = "payout_adjust"


@dataclass(frozen=True, slots=True)
class _Planned:
    """An order as it is after the settlements so far, and what they changed of it."""

    record: SettlementRecord
    refund_ids: frozenset[str] = frozenset()
    fee_refund: FeeRefund | None = None


class SettlementPlan:
    """One studio's settlements in a row. Each one sees what those before it changed.

    Args:
        head: The studio's ledger head as read.
        orders: The orders as read.
        now: The time of the settlements.

    Attributes:
        postings: The new ledger entries, each after the one before.
        entries: The same entries by the refund that they settle.
    """

    def __init__(
        self, head: LedgerHead, orders: Mapping[OrderKey, SettlementRecord], now: datetime
    ) -> None:
        self.postings: list[Posting] = []
        self.entries: dict[RefundKey, LedgerEntry] = {}
        self._head = head
        self._planned = {key: _Planned(record) for key, record in orders.items()}
        self._at = rfc3339(now)
        self._next_poll_at = rfc3339(now + FIRST_POLL_DELAY)

    def has(self, key: RefundKey) -> bool:
        """Return whether the plan's orders have this refund."""
        planned = self._planned.get(key.order)
        return planned is not None and key.refund_id in planned.record.refunds

    def settle_all(self, refunds: Iterable[RefundKey]) -> None:
        """Plan what these refunds need. A refund that needs nothing is left out.

        Raises:
            KeyError: There is no such refund.
        """
        for key in refunds:
            while self._planned[key.order].record.refunds[key.refund_id].settlement_owed:
                self.settle_next(key)

    def settle_next(self, key: RefundKey) -> None:
        """Plan one settlement: of the refund, or of another that must be settled before it.

        Raises:
            KeyError: There is no such refund.
            ValueError: The refund owes no settlement.
        """
        planned = self._planned[key.order]
        record = planned.record
        refund = next_to_settle(record.refunds.values(), record.refunds[key.refund_id])
        settlement = settle(record.state, refund, self._at, ACTOR)
        entry, after = append(self._head, facts_of(settlement, self._at), settlement.amounts)
        fee_refund = self._fee_refund(record, settlement)
        settled = _with_entry(settlement, entry)
        self._planned[key.order] = _Planned(
            SettlementRecord(
                settlement.state,
                record.refunds | {refund.refund_id: settled},
                fee_refund or record.fee_refund,
            ),
            planned.refund_ids | {refund.refund_id},
            fee_refund or planned.fee_refund,
        )
        self.postings.append(Posting(entry, self._head, after))
        self.entries[RefundKey(key.order, refund.refund_id)] = entry
        self._head = after

    def settled_orders(self) -> list[SettledOrder]:
        """Return what the settlements change of each order."""
        return [
            SettledOrder(
                each.record.state,
                tuple(each.record.refunds[refund_id] for refund_id in sorted(each.refund_ids)),
                each.fee_refund,
            )
            for each in self._planned.values()
            if each.refund_ids
        ]

    def fee_refunds_after(self) -> list[FeeRefund | None]:
        """Return the refund of each order's application fee, as it is once the plan is stored."""
        return [
            replace(each.fee_refund, version=each.fee_refund.version + 1)
            if each.fee_refund
            else each.record.fee_refund
            for each in self._planned.values()
        ]

    def _fee_refund(self, record: SettlementRecord, settlement: Settlement) -> FeeRefund | None:
        """Return the application fee's refund with its new target, or None if that is unchanged."""
        refund = settlement.refund
        if settlement.effect.fee_refund_amount == 0 or refund.before_ledger:
            return None
        return with_target_of(
            settlement.state, record.fee_refund, self._next_poll_at, refund.correlation_id
        )


def _with_entry(settlement: Settlement, entry: LedgerEntry) -> Refund:
    refund = settlement.refund
    if refund.status is RefundStatus.SETTLED:
        return replace(refund, settled_seq=entry.seq)
    return replace(refund, failed_seq=entry.seq)


def facts_of(settlement: Settlement, at: str) -> EntryFacts:
    """Return what the settlement's ledger entry is about."""
    refund = settlement.refund
    failed_late = settlement.kind is EntryKind.REFUND_FAILED
    return EntryFacts(
        kind=settlement.kind,
        order_id=refund.order_id,
        recorded_at=at,
        refund_id=refund.refund_id,
        refund_type=refund.type.value,
        reason=refund.reason,
        source=refund.source,
        processed_by=refund.requested_by,
        stripe_refund_id=refund.stripe_refund_id,
        correlation_id=refund.correlation_id,
        # Reports are about the money that this ledger moved.
        settled_at=None if settlement.kind in OPENING_KINDS else at,
        balance_transaction_id=refund.failure_balance_transaction_id
        if failed_late
        else refund.balance_transaction_id,
        tax_parts=text_of_parts(negated(settlement.tax_parts)),
    )
