"""Records Stripe's report of a refund, from an event, a list or an answer: one code for all.

A repeated report changes nothing, and an older status never undoes a newer one. A refund that was
not requested here is recorded as an external refund. A refund that was requested here and is
missing was lost by a restore: it is recorded under its own id. What Stripe reports is a fact, so
our own limits never refuse it.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from shared.clock import Clock, rfc3339
from shared.domain.order import OrderState
from shared.domain.payment_status import PaymentStatus
from shared.domain.record_source import RecordSource
from shared.domain.refund import (
    FIRST_POLL_DELAY,
    HistoryEntry,
    Refund,
    RefundStatus,
    RefundType,
    refund_id_of_external,
)
from shared.domain.refund_metadata import RefundMetadata
from shared.domain.reservation import record_external_refund, release, reserve
from shared.domain.stripe_refund import StripeRefund
from shared.gateways.charges import Charges
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.order_refunds import OrderRefunds, SettlementRecord
from shared.gateways.records.charge_pointer import ChargePointer
from shared.workflow.announcers import SettlementAnnouncer

# Requests and settlements change the same order; each takes well under a second.
_CONTENTION_SECONDS = 5.0


class ReportOutcome(StrEnum):
    """What a report changed, as the name of the metric that counts it."""

    CONFIRMED = "RefundConfirmed"
    PENDING = "RefundPending"
    FAILED = "RefundFailed"
    FAILED_LATE = "RefundFailedLate"
    EXTERNAL = "RefundExternal"
    REPEATED = "RefundReportRepeated"
    OUTDATED = "RefundReportOutdated"
    UNKNOWN_CHARGE = "UnknownCharge"
    ACCOUNT_MISMATCH = "AccountMismatch"
    CURRENCY_MISMATCH = "CurrencyMismatch"
    # Only the release of an authorization: no money moved.
    RELEASED = "AuthorizationReleased"
    # The order is not a sale yet. Its charge must be read first, with all its refunds.
    ORDER_NOT_PAID = "RefundBeforeSale"


@dataclass(frozen=True, slots=True)
class RecordStripeRefund:
    """Records Stripe's report of a refund.

    Attributes:
        orders: The orders and their refunds.
        charges: Finds the order of a charge.
        queue: Where settlements are announced.
        clock: The clock.
        actor: Who reports, for the refund's history.
    """

    orders: OrderRefunds
    charges: Charges
    queue: SettlementAnnouncer
    clock: Clock
    actor: str

    def __call__(
        self, report: StripeRefund, account_id: str | None, read: Refund | None = None
    ) -> tuple[ReportOutcome, Refund | None]:
        """Record the report, announce a settlement if one is due, and return what changed.

        Args:
            report: The refund as Stripe has it.
            account_id: The connected account that reported it; None for the platform's own.
            read: The refund that the report's metadata names, if the caller has read it already. If
                it has changed since, it is read again.

        Returns:
            The outcome, and the refund as stored or None if it was not recorded.

        Raises:
            StaleStateError: Others kept changing the order. Nothing was written; try again.
        """
        for _ in tries(_CONTENTION_SECONDS):
            try:
                outcome, refund = self._record(report, account_id, read)
            except StaleStateError:
                read = None
                continue
            if refund is not None and refund.settlement_owed:
                self.queue.announce(refund)
            return outcome, refund
        raise StaleStateError

    def _record(
        self, report: StripeRefund, account_id: str | None, read: Refund | None
    ) -> tuple[ReportOutcome, Refund | None]:
        report = self._with_charge(report)
        refund = self._requested_here(report, read)
        if refund is None:
            pointer = self.charges.find(report.charge_id) if report.charge_id else None
            if pointer is None:
                return _outcome_of_unknown(report), None
            if pointer.account_id != account_id:
                return ReportOutcome.ACCOUNT_MISMATCH, None
            # An external refund that is known is one read, however many refunds the order has.
            external_id = refund_id_of_external(report.stripe_refund_id)
            refund = self.orders.get_refund(pointer.order, external_id)
            if refund is None:
                record = self.orders.load_settlement(pointer.order)
                if record is None:
                    raise LookupError(f"charge {pointer.charge_id} names a missing {pointer.order}")
                refund = _known(record, report)
                if refund is None:
                    return self._record_external(report, pointer, record)
        if refund.account_id != account_id:
            return ReportOutcome.ACCOUNT_MISMATCH, None
        return self._apply(report, refund)

    def find_order(self, report: StripeRefund) -> ChargePointer | None:
        """Find the charge that the report names, by itself or by its payment intent, or None."""
        charge_id = self._with_charge(report).charge_id
        return self.charges.find(charge_id) if charge_id else None

    def _with_charge(self, report: StripeRefund) -> StripeRefund:
        """Return the report with its charge. Some refunds name only the payment intent."""
        if report.charge_id is not None or report.payment_intent_id is None:
            return report
        pointer = self.charges.find_of_payment_intent(report.payment_intent_id)
        return replace(report, charge_id=pointer.charge_id) if pointer else report

    def _requested_here(self, report: StripeRefund, read: Refund | None) -> Refund | None:
        """Return the refund that the report's metadata names, if it can be the same refund."""
        if report.refund_id is None or report.order_key is None:
            return None
        refund = read or self.orders.get_refund(report.order_key, report.refund_id)
        if refund is None or report.charge_id not in {None, refund.charge_id}:
            return None
        if refund.stripe_refund_id == report.stripe_refund_id:
            return refund
        # Metadata can be edited in Stripe's dashboard, and a released refund must not be revived.
        # So unless our refund waits for an answer, Stripe's id decides.
        unanswered = refund.status is RefundStatus.REQUESTED and refund.stripe_refund_id is None
        same_charge = refund.charge_id == report.charge_id
        return refund if unanswered and same_charge and refund.amount == report.amount else None

    def _apply(self, report: StripeRefund, refund: Refund) -> tuple[ReportOutcome, Refund]:
        known = replace(
            refund,
            stripe_refund_id=report.stripe_refund_id,
            balance_transaction_id=report.balance_transaction_id or refund.balance_transaction_id,
            failure_balance_transaction_id=report.failure_balance_transaction_id,
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
            # The ledger entry stays. A compensating entry is due.
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
        failed = self._with_status(known, status)
        self.orders.release_refund(release(state, refund), failed)
        return ReportOutcome.FAILED, failed

    def _record_external(
        self, report: StripeRefund, pointer: ChargePointer, record: SettlementRecord
    ) -> tuple[ReportOutcome, Refund | None]:
        state = record.state
        if report.is_release:
            return ReportOutcome.RELEASED, None
        if state.payment_status is not PaymentStatus.PAID:
            return ReportOutcome.ORDER_NOT_PAID, None
        if state.currency != report.currency:
            return ReportOutcome.CURRENCY_MISMATCH, None
        refund = self._external_refund(report, pointer, state)
        after = record_external_refund(state, refund)
        if (metadata := report.metadata) and _lost(metadata, record):
            from shared.domain.refund_quote import RefundQuote  # noqa: PLC0415  # after a restore

            refund = _restored(refund, metadata)
            quote = RefundQuote(refund.charge_id, refund.amount, refund.items)
            after = reserve(state, refund.refund_id, quote, stop_print=refund.stop_print)
        if refund.is_open:
            self.orders.record_external_refund(after, refund)
        else:
            self.orders.record_failed_from_start(refund)
        return ReportOutcome.EXTERNAL, refund

    def _external_refund(
        self, report: StripeRefund, pointer: ChargePointer, state: OrderState
    ) -> Refund:
        now = rfc3339(self.clock())
        made_at = rfc3339(datetime.fromtimestamp(report.created, UTC))
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
            balance_transaction_id=report.balance_transaction_id,
            failure_balance_transaction_id=report.failure_balance_transaction_id,
            pending_reason=report.pending_reason,
            failure_reason=report.failure_reason,
            before_ledger=state.is_before_ledger(made_at),
            next_poll_at=self._first_poll(),
            history=(HistoryEntry(report.status, now, self.actor),),
        )

    def _with_status(self, refund: Refund, status: RefundStatus) -> Refund:
        return refund.with_status(status, rfc3339(self.clock()), self.actor)

    def _advance(self, refund: Refund, status: RefundStatus) -> Refund:
        return self.orders.advance_refund(self._with_status(refund, status))

    def _first_poll(self) -> str:
        return rfc3339(self.clock() + FIRST_POLL_DELAY)


def _outcome_of_unknown(report: StripeRefund) -> ReportOutcome:
    return ReportOutcome.RELEASED if report.is_release else ReportOutcome.UNKNOWN_CHARGE


def _known(record: SettlementRecord, report: StripeRefund) -> Refund | None:
    """Return the order's refund that has Stripe's id, whatever its metadata says now.

    Metadata can be cleared in Stripe's dashboard, which sends ``refund.updated``. The refund must
    not be recorded a second time, as an external refund.
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
    """Return whether a refund was requested here and its record was lost.

    The intent is stored before Stripe is called, so only a restore can lose it. Metadata that names
    an existing refund, or another order's, was edited.
    """
    return metadata.order_key == record.state.key and metadata.refund_id not in record.refunds


def _restored(refund: Refund, metadata: RefundMetadata) -> Refund:
    """Restore the refund from its Stripe metadata. The requester is not stored there."""
    return replace(
        refund,
        refund_id=metadata.refund_id,
        type=metadata.type,
        items=metadata.items,
        item_tax_parts=metadata.item_tax_parts,
        reason=metadata.reason,
        stop_print=metadata.stop_print,
        keep_print=metadata.keep_print,
        fingerprint=metadata.fingerprint,
    )
