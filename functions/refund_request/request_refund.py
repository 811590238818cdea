"""Requesting a refund: first record the intent and reserve the money, then ask Stripe."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from functions.refund_request.payout_impact import PayoutImpact
from functions.refund_request.read_charge import ChargeReader
from shared.clock import Clock, rfc3339
from shared.domain.errors import (
    BusyError,
    IdempotencyKeyReusedError,
    StripeOutcomeUnknownError,
    StripeRefusedError,
)
from shared.domain.order import Order, OrderKey, OrderState
from shared.domain.record_source import RecordSource
from shared.domain.refund import (
    FIRST_POLL_DELAY,
    HistoryEntry,
    Refund,
    RefundStatus,
    refund_id_of_request,
)
from shared.domain.refund_quote import (
    RefundChoice,
    RefundQuote,
    check_fulfillment,
    quote_refund,
    stops_print,
)
from shared.domain.refusal import Refusal
from shared.domain.reservation import reserve
from shared.domain.settlement import estimate
from shared.domain.stripe_refund import StripeRefund
from shared.edge.auth import Caller
from shared.edge.fingerprint import fingerprint_of
from shared.edge.observability import count, logger
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.orders_table import OrderRecord, OrdersTable
from shared.gateways.stripe.errors import BOOKS_ARE_BEHIND
from shared.gateways.stripe.refunds import StripeRefunds
from shared.workflow.account_watch import AccountWatch
from shared.workflow.current_stops import CurrentStops
from shared.workflow.refund_limit import require_within_limit
from shared.workflow.release_refused import release_refused

ACTOR = "refund_request"

# How long a request waits while others refund the same order.
_CONTENTION_SECONDS = 12.0

# After waiting this long, the function's 28 s leave no time for a second try at Stripe.
_NO_RETRY_AFTER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A checked request. The client's key and body make it idempotent."""

    order: OrderKey
    choice: RefundChoice
    reason: str
    note: str | None
    idempotency_key: str
    body: Mapping[str, Any]
    correlation_id: str

    @property
    def refund_id(self) -> str:
        """The refund's id. The same order and key always give the same id."""
        return refund_id_of_request(self.order, self.idempotency_key)

    @property
    def fingerprint(self) -> str:
        """A digest of the body. It shows whether a repeated key came with the same body."""
        return fingerprint_of(self.body)


@dataclass(frozen=True, slots=True)
class RequestRefund:
    """Makes a refund exactly once for each idempotency key."""

    orders: OrdersTable
    stripe: StripeRefunds
    payout_impact: PayoutImpact
    charge_reader: ChargeReader
    accounts: AccountWatch
    stops: CurrentStops
    clock: Clock

    def __call__(self, caller: Caller, request: RefundRequest) -> tuple[Refund, OrderState]:
        """Reserve the money, send the refund to Stripe, and return it with the order's state.

        Raises:
            DomainError: The order's state or Stripe refuses it. No money is reserved.
            BusyError: Too many others are refunding this order. Nothing was done.
        """
        began = time.monotonic()
        reserved, record = self._reserve(caller, request)
        if reserved is None:
            return self._answer_again(record, request), record.state
        count("RefundRequested")
        logger.append_keys(refund_id=reserved.refund_id, order_id=reserved.order_id)
        logger.info("refund reserved", amount=reserved.amount)
        return self._submit(reserved, began), record.state

    def _reserve(self, caller: Caller, request: RefundRequest) -> tuple[Refund | None, OrderRecord]:
        """Record the intent. The refund is None if this key has made one before."""
        for _ in tries(_CONTENTION_SECONDS):
            record = self.charge_reader.load_order(caller, request.order.order_id)
            if request.refund_id in record.refunds:
                return None, record
            self.stops.load().require_refunds(caller.studio_id)
            quote = quote_refund(record.order, record.state, request.choice)
            studio = self.payout_impact.load_studio(record.state.studio_id)
            require_within_limit(caller, studio, record.state.committed_amount + quote.amount)
            within_limit = self.payout_impact.require_within_limit(
                studio, record.state, estimate(record.state, quote.amount)
            )
            check_fulfillment(record.state, request.choice, quote)
            stop = stops_print(record.state, request.choice, quote)
            state = reserve(record.state, request.refund_id, quote, stop_print=stop)
            refund = self._intent(caller, request, record.order, quote, stop_print=stop)
            self.stripe.check_key()
            try:
                self.orders.reserve_refund(state, refund, *within_limit)
            except StaleStateError:
                continue
            return refund, replace(record, state=state)
        raise BusyError(
            "Others are refunding this order. Send the request again with the same Idempotency-Key."
        )

    def _intent(
        self,
        caller: Caller,
        request: RefundRequest,
        order: Order,
        quote: RefundQuote,
        *,
        stop_print: bool,
    ) -> Refund:
        now = self.clock()
        at = rfc3339(now)
        return Refund(
            refund_id=request.refund_id,
            order_id=order.order_id,
            studio_id=order.studio_id,
            type=request.choice.type,
            status=RefundStatus.REQUESTED,
            amount=quote.amount,
            items=quote.items,
            item_tax_parts=quote.item_tax_parts,
            currency=order.currency,
            charge_id=quote.charge_id,
            account_id=order.account_id,
            requested_by=caller.user,
            requested_at=at,
            source=RecordSource.API,
            correlation_id=request.correlation_id,
            reason=request.reason,
            note=request.note,
            stop_print=stop_print,
            keep_print=request.choice.keep_print,
            fingerprint=request.fingerprint,
            attempt_at=at,
            next_poll_at=rfc3339(now + FIRST_POLL_DELAY),
            history=(HistoryEntry(RefundStatus.REQUESTED, at, caller.user),),
        )

    def _answer_again(self, record: OrderRecord, request: RefundRequest) -> Refund:
        refund = record.refunds[request.refund_id]
        if refund.fingerprint != request.fingerprint:
            raise IdempotencyKeyReusedError(
                "This Idempotency-Key has already made another refund of this order. Use a new key "
                "for a new refund."
            )
        if refund.refusal is not None:
            raise StripeRefusedError(refund.refusal.detail, refund.refusal.reason)
        return refund

    def _submit(self, refund: Refund, began: float) -> Refund:
        try:
            answer = self.stripe.create(refund, first=True, retry=_is_in_time(began))
        except StripeRefusedError as refusal:
            logger.info("stripe refused", reason=refusal.reason)
            self._release(refund, refusal)
            self._watch_account(refund, refusal, began)
            if refusal.reason in BOOKS_ARE_BEHIND:
                self._follow_charge(refund.order_key, began)
            raise
        except StripeOutcomeUnknownError as unknown:
            # The reservation stays. ``ResumePending`` asks Stripe and carries on.
            logger.warning("stripe outcome unknown", reason=unknown.reason)
            count("StripeOutcomeUnknown")
            self._watch_account(refund, unknown, began)
            return refund
        accepted = self._accepted(refund, answer)
        if _is_in_time(began):
            self.accounts.recheck_safely(refund.account_id)
        return accepted

    def _watch_account(self, refund: Refund, error: Exception, began: float) -> None:
        """Mark the account if it has left. If time is short, a later call does it."""
        if _is_in_time(began):
            self.accounts.explains(error, refund.account_id)

    def _follow_charge(self, order: OrderKey, began: float) -> None:
        """Make the books say what Stripe says of the charge: now, or soon if time is short."""
        if _is_in_time(began):
            self.charge_reader.follow(order)
        else:
            self.charge_reader.follow_later(order)

    def _release(self, refund: Refund, refusal: StripeRefusedError) -> None:
        try:
            release_refused(
                self.orders,
                refund,
                Refusal(refusal.reason, refusal.detail, answered=True),
                self.clock,
                ACTOR,
            )
        except StaleStateError:
            # The refusal is final. ``ResumePending`` meets it again and releases the reservation.
            logger.warning("reservation not released yet")

    def _accepted(self, refund: Refund, answer: StripeRefund) -> Refund:
        """Record Stripe's id and return the refund as it is stored now.

        Whatever status Stripe answers with, the refund reads Pending. The webhook or
        ``ResumePending`` confirms it later. If one of them was faster, its status stays.
        """
        pending = replace(
            refund.with_status(RefundStatus.PENDING, rfc3339(self.clock()), ACTOR),
            stripe_refund_id=answer.stripe_refund_id,
            pending_reason=answer.pending_reason,
        )
        try:
            return self.orders.advance_refund(pending)
        except StaleStateError:
            return self.orders.get_refund(refund.order_key, refund.refund_id) or refund


def _is_in_time(began: float) -> bool:
    """Return whether there is time for two more tries at Stripe."""
    return time.monotonic() - began < _NO_RETRY_AFTER_SECONDS
