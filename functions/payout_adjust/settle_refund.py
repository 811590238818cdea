"""Settles a refund: order, refund, ledger entry and ledger head in one transaction."""

from dataclasses import dataclass, replace

from shared.clock import Clock, rfc3339
from shared.domain.fee_refund import FeeRefund, with_target_of
from shared.domain.ledger import OPENING_KINDS, EntryFacts, EntryKind, LedgerEntry, Posting, append
from shared.domain.order import OrderKey
from shared.domain.refund import FIRST_POLL_DELAY, Refund, RefundStatus
from shared.domain.settlement import Settlement, next_to_settle, settle
from shared.domain.tax import negated, text_of_parts
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.orders_table import OrdersTable, SettlementRecord
from shared.gateways.queues import FeeRefundQueue
from shared.gateways.settlement_store import SettlementStore

# Who settles, in the refunds' history.
ACTOR = "payout_adjust"

# A batch has at most ten messages, and the function has 30 s.
_CONTENTION_SECONDS = 2.5


class NothingToSettleError(Exception):
    """The message names a missing refund, order or studio. No retry can help."""


@dataclass(frozen=True, slots=True)
class SettleRefund:
    """Writes the ledger entry that a refund needs. A repeat finds that it needs none."""

    orders: OrdersTable
    settlements: SettlementStore
    fee_refund_queue: FeeRefundQueue
    clock: Clock

    def __call__(self, order: OrderKey, refund_id: str) -> LedgerEntry | None:
        """Settle the refund's success or its late failure.

        Returns:
            The new ledger entry, or None if the refund needs none.

        Raises:
            NothingToSettleError: There is no such refund.
            StaleStateError: Others kept changing the studio's ledger; try again later.
        """
        for _ in tries(_CONTENTION_SECONDS):
            record = self.orders.load_settlement(order)
            refund = record.refunds.get(refund_id) if record else None
            if record is None or refund is None:
                raise NothingToSettleError(f"order {order.order_id} has no refund {refund_id}")
            if not refund.settlement_owed:
                self._announce_fee_refund(record.fee_refund)
                return None
            first = next_to_settle(record.refunds.values(), refund)
            try:
                entry = self._settle(record, first)
            except StaleStateError:
                continue
            if first is refund:
                return entry
        raise StaleStateError

    def _settle(self, record: SettlementRecord, refund: Refund) -> LedgerEntry:
        head = self.settlements.load_head(refund.studio_id)
        if head is None:
            raise NothingToSettleError(f"studio {refund.studio_id} has no ledger")
        at = rfc3339(self.clock())
        settlement = settle(record.state, refund, at, ACTOR)
        entry, after = append(head, facts_of(settlement, at), settlement.amounts)
        fee_refund = self._fee_refund(record, settlement, refund)
        self.settlements.record_settlement(
            settlement.state,
            _with_entry(settlement, entry),
            Posting(entry, head, after),
            fee_refund,
        )
        self._announce_fee_refund(
            fee_refund and replace(fee_refund, version=fee_refund.version + 1)
        )
        return entry

    def _fee_refund(
        self, record: SettlementRecord, settlement: Settlement, refund: Refund
    ) -> FeeRefund | None:
        """Return the application fee's refund with its new target, or None if that is unchanged."""
        if settlement.effect.fee_refund_amount == 0 or refund.before_ledger:
            return None
        next_poll_at = rfc3339(self.clock() + FIRST_POLL_DELAY)
        return with_target_of(
            settlement.state, record.fee_refund, next_poll_at, refund.correlation_id
        )

    def _announce_fee_refund(self, fee_refund: FeeRefund | None) -> None:
        if fee_refund is not None and fee_refund.is_open:
            self.fee_refund_queue.announce(fee_refund)


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
