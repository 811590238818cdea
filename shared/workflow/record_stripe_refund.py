"""Taking in what Stripe says of a refund: from an event, a list, or an answer. One code for all.

Repeats change nothing, an older state never undoes a newer one, and a refund nobody here asked for
is taken in as made outside. One that was asked for here and is not in the tables was lost with a
restore: it is taken in under its own id. What Stripe reports is a fact: our own limits never refuse
it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from shared.clock import Clock, rfc3339
from shared.domain.ledger import RecordSource
from shared.domain.order import OrderState
from shared.domain.refund import (
    FIRST_POLL_DELAY,
    HistoryEntry,
    Refund,
    RefundStatus,
    RefundType,
    refund_id_of_external,
)
from shared.domain.refund_metadata import RefundMetadata
from shared.domain.refund_quote import RefundQuote
from shared.domain.reservation import record_external_refund, release, reserve
from shared.domain.stripe_refund import StripeRefund
from shared.gateways.charges import Charges
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.orders_table import OrdersTable, SettlementRecord
from shared.gateways.records.imported_order import ChargePointer

_CONTENTION_SECONDS = 5.0


class ReportOutcome(StrEnum):
    """What became of a report; also the name of the metric that counts it."""

    CONFIRMED = "RefundConfirmed"
    PENDING = "RefundPending"
    FAILED = "RefundFailed"
    FAILED_LATE = "RefundFailedLate"
    TAKEN_IN = "RefundTakenIn"
    REPEATED = "RefundReportRepeated"
    OUTDATED = "RefundReportOutdated"
    UNKNOWN_CHARGE = "UnknownCharge"
    ACCOUNT_MISMATCH = "AccountMismatch"
    CURRENCY_MISMATCH = "CurrencyMismatch"


class Announcer(Protocol):
    """Whom to tell that a refund is owed a settlement."""

    def announce(self, refund: Refund, /) -> None:
        """Ask for the settlement the refund is owed."""


@dataclass(frozen=True, slots=True)
class RecordStripeRefund:
    """Brings the books level with what Stripe says of a refund."""

    orders: OrdersTable
    charges: Charges
    queue: Announcer
    clock: Clock
    by: str

    def __call__(
        self, report: StripeRefund, account_id: str | None
    ) -> tuple[ReportOutcome, Refund | None]:
        """Record the report, announce a settlement where one is owed, and say what it was.

        Args:
            report: The refund as Stripe has it.
            account_id: The connected account it was reported for, None for the platform's own.

        Raises:
            StaleStateError: Others kept changing the order; nothing was written; ask again.
        """
        for _ in tries(_CONTENTION_SECONDS):
            try:
                outcome, refund = self._record(report, account_id)
            except StaleStateError:
                continue
            if refund is not None and refund.settlement_owed:
                self.queue.announce(refund)
            return outcome, refund
        raise StaleStateError

    def _record(
        self, report: StripeRefund, account_id: str | None
    ) -> tuple[ReportOutcome, Refund | None]:
        refund = self._asked_for_here(report)
        if refund is None:
            pointer = self.charges.find(report.charge_id) if report.charge_id else None
            if pointer is None:
                return ReportOutcome.UNKNOWN_CHARGE, None
            if pointer.account_id != account_id:
                return ReportOutcome.ACCOUNT_MISMATCH, None
            record = self.orders.load_settlement(pointer.order)
            if record is None:
                raise LookupError(f"charge {pointer.charge_id} names {pointer.order}: no order")
            refund = _known(record, report)
            if refund is None:
                return self._take_in(report, pointer, record)
        if refund.account_id != account_id:
            return ReportOutcome.ACCOUNT_MISMATCH, None
        return self._apply(report, refund)

    def _asked_for_here(self, report: StripeRefund) -> Refund | None:
        """Find the refund that our metadata names, if it can be this one."""
        if report.refund_id is None or report.order_key is None:
            return None
        refund = self.orders.get_refund(report.order_key, report.refund_id)
        if refund is None or refund.charge_id != report.charge_id:
            return None
        if refund.stripe_refund_id == report.stripe_refund_id:
            return refund
        # Metadata can be edited in Stripe's dashboard, and a refund that was released must not
        # come back to life: then Stripe's id decides, or it is money that left some other way.
        alive = refund.status is RefundStatus.REQUESTED and refund.stripe_refund_id is None
        return refund if alive and refund.amount == report.amount else None

    def _apply(self, report: StripeRefund, refund: Refund) -> tuple[ReportOutcome, Refund]:
        known = replace(
            refund,
            stripe_refund_id=report.stripe_refund_id,
            pending_reason=report.pending_reason,
            failure_reason=report.failure_reason,
        )
        match report.status:
            case RefundStatus.PENDING:
                return self._apply_pending(refund, known)
            case RefundStatus.SUCCEEDED:
                return self._apply_succeeded(refund, known)
            case _:
                return self._apply_failed(report.status, refund, known)

    def _apply_pending(self, refund: Refund, known: Refund) -> tuple[ReportOutcome, Refund]:
        if refund.status is RefundStatus.REQUESTED:
            return ReportOutcome.PENDING, self._advance(known, RefundStatus.PENDING)
        if refund.status is not RefundStatus.PENDING:
            return ReportOutcome.OUTDATED, refund
        if refund.pending_reason == known.pending_reason:
            return ReportOutcome.REPEATED, refund
        return ReportOutcome.PENDING, self.orders.advance_refund(known)

    def _apply_succeeded(self, refund: Refund, known: Refund) -> tuple[ReportOutcome, Refund]:
        if refund.status in {RefundStatus.REQUESTED, RefundStatus.PENDING}:
            return ReportOutcome.CONFIRMED, self._advance(known, RefundStatus.SUCCEEDED)
        if refund.status in {RefundStatus.SUCCEEDED, RefundStatus.SETTLED}:
            return ReportOutcome.REPEATED, refund
        return ReportOutcome.OUTDATED, refund

    def _apply_failed(
        self, status: RefundStatus, refund: Refund, known: Refund
    ) -> tuple[ReportOutcome, Refund]:
        if refund.status in {RefundStatus.FAILED, RefundStatus.CANCELED}:
            return ReportOutcome.REPEATED, refund
        if refund.status is RefundStatus.SETTLED:
            # The ledger has it: it stays as it is, and a compensating entry is owed.
            late = replace(
                known,
                failure_reason=known.failure_reason or status.value,
                next_poll_at=self._first_poll(),
                poll_count=0,
            )
            return ReportOutcome.FAILED_LATE, self._advance(late, RefundStatus.FAILED)
        state = self.orders.get_state(refund.order_key)
        if state is None:
            raise LookupError(f"order {refund.order_id} has a refund and no state")
        failed = self._moved(known, status)
        self.orders.release_refund(release(state, refund), failed)
        return ReportOutcome.FAILED, failed

    def _take_in(
        self, report: StripeRefund, pointer: ChargePointer, record: SettlementRecord
    ) -> tuple[ReportOutcome, Refund | None]:
        state = record.state
        if state.currency != report.currency:
            return ReportOutcome.CURRENCY_MISMATCH, None
        refund = self._made_outside(report, pointer, state)
        after = record_external_refund(state, refund)
        if (metadata := report.metadata) and _lost(metadata, record):
            refund = _restored(refund, metadata)
            quote = RefundQuote(refund.charge_id, refund.amount, refund.items)
            after = reserve(state, refund.refund_id, quote, stop_print=refund.stop_print)
        if refund.is_open:
            self.orders.record_external_refund(after, refund)
        else:
            self.orders.record_failed_from_start(refund)
        return ReportOutcome.TAKEN_IN, refund

    def _made_outside(
        self, report: StripeRefund, pointer: ChargePointer, state: OrderState
    ) -> Refund:
        now = rfc3339(self.clock())
        return Refund(
            refund_id=refund_id_of_external(report.stripe_refund_id),
            order_id=pointer.order.order_id,
            studio_id=pointer.order.studio_id,
            type=RefundType.FULL if report.amount >= state.total_amount else RefundType.PARTIAL,
            status=report.status,
            amount=report.amount,
            currency=report.currency,
            charge_id=pointer.charge_id,
            account_id=pointer.account_id,
            requested_by="stripe",
            requested_at=now,
            source=RecordSource.STRIPE,
            correlation_id=report.stripe_refund_id,
            stripe_refund_id=report.stripe_refund_id,
            pending_reason=report.pending_reason,
            failure_reason=report.failure_reason,
            next_poll_at=self._first_poll(),
            history=(HistoryEntry(report.status, now, self.by),),
        )

    def _moved(self, refund: Refund, status: RefundStatus) -> Refund:
        return refund.with_status(status, rfc3339(self.clock()), self.by)

    def _advance(self, refund: Refund, status: RefundStatus) -> Refund:
        return self.orders.advance_refund(self._moved(refund, status))

    def _first_poll(self) -> str:
        return rfc3339(self.clock() + FIRST_POLL_DELAY)


def _known(record: SettlementRecord, report: StripeRefund) -> Refund | None:
    """Return the order's refund that has Stripe's id, whatever the metadata says now.

    Metadata can be cleared in Stripe's dashboard, which sends ``refund.updated``; the refund must
    not be taken in a second time as one made outside.
    """
    return next(
        (
            refund
            for refund in record.refunds.values()
            if refund.stripe_refund_id == report.stripe_refund_id
        ),
        None,
    )


def _lost(metadata: RefundMetadata, record: SettlementRecord) -> bool:
    """Return whether a refund was asked for here and its record is gone.

    The intent comes before Stripe is called, so that happens with a restore alone. Metadata that
    names a refund that is there, or another order's, was edited.
    """
    return metadata.order_key == record.state.key and metadata.refund_id not in record.refunds


def _restored(refund: Refund, metadata: RefundMetadata) -> Refund:
    """Restore the refund from its Stripe metadata. The requester is not stored there."""
    return replace(
        refund,
        refund_id=metadata.refund_id,
        type=metadata.type,
        items=metadata.items,
        reason=metadata.reason,
        stop_print=metadata.stop_print,
        keep_print=metadata.keep_print,
        fingerprint=metadata.fingerprint,
    )
