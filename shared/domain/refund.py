"""A refund, its lifecycle, and what a request for one comes to."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from shared.domain.errors import (
    AlreadyResolvedError,
    AmountExceedsRefundableError,
    AmountTooSmallError,
    ChargeDisputedError,
    FulfillmentInProgressError,
    NothingRefundableError,
    OrderNotChargedError,
    QuantityExceedsRefundableError,
    RefundableAmountChangedError,
    RefundNotFailedError,
    ShippingNotRefundableError,
    UnknownLineError,
)
from shared.domain.fulfillment import IN_PROGRESS, is_unprinted, put_back, take_off
from shared.domain.ledger import FROM_STRIPE
from shared.domain.order import SHIPPING_LINE_ID, Order, OrderLine, OrderState, RefundItem


class RefundStatus(StrEnum):
    """Where a refund is. ``TRANSITIONS`` says where it may go from there."""

    REQUESTED = "requested"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    SETTLED = "settled"
    FAILED = "failed"
    CANCELED = "canceled"


TRANSITIONS: dict[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.REQUESTED: frozenset(
        {
            RefundStatus.PENDING,
            RefundStatus.SUCCEEDED,
            RefundStatus.FAILED,
            RefundStatus.CANCELED,
        }
    ),
    RefundStatus.PENDING: frozenset(
        {RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.CANCELED}
    ),
    RefundStatus.SUCCEEDED: frozenset(
        {RefundStatus.SETTLED, RefundStatus.FAILED, RefundStatus.CANCELED}
    ),
    # Stripe may fail a refund up to 30 days late: https://docs.stripe.com/refunds#failed-refunds
    RefundStatus.SETTLED: frozenset({RefundStatus.FAILED}),
    RefundStatus.FAILED: frozenset(),
    RefundStatus.CANCELED: frozenset(),
}

DISPLAY_STATUS: dict[RefundStatus, str] = {
    RefundStatus.REQUESTED: "Pending",
    RefundStatus.PENDING: "Pending",
    RefundStatus.SUCCEEDED: "Refunded",
    RefundStatus.SETTLED: "Refunded",
    RefundStatus.FAILED: "Failed",
    RefundStatus.CANCELED: "Canceled",
}

IN_FLIGHT = frozenset({RefundStatus.REQUESTED, RefundStatus.PENDING})
# Not in the ledger yet: a failure from here on only releases the reservation.
UNSETTLED = IN_FLIGHT | {RefundStatus.SUCCEEDED}


# When the reconciler first asks after a refund: the webhook nearly always comes before.
FIRST_POLL_DELAY = timedelta(minutes=2)


class RefundType(StrEnum):
    """What staff chose to send back."""

    FULL = "full"
    PARTIAL = "partial"
    LINE_ITEMS = "line_items"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A change of state: to what, when (RFC 3339, UTC) and by whom."""

    status: RefundStatus
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Stripe surely refused: kept, so that the same request gets the same answer again."""

    reason: str
    detail: str


class PaidBy(StrEnum):
    """How a parent got the money of a failed refund after all."""

    BANK_TRANSFER = "bank_transfer"
    CHECK = "check"
    CASH = "cash"
    NEW_REFUND = "new_refund"
    NOT_OWED = "not_owed"


# The studio paid by itself: this much less can be refunded through Stripe.
PAID_OTHERWISE = frozenset({PaidBy.BANK_TRANSFER, PaidBy.CHECK, PaidBy.CASH})


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a person did about a failed refund: how, with which reference, when and who."""

    paid_by: PaidBy
    reference: str | None
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of one order; amounts in minor units, times RFC 3339 in UTC.

    ``attempt`` is part of Stripe's idempotency key. ``settled_seq`` is the ledger entry that
    recorded the refund; ``failed_seq`` is the one that compensated a late failure.
    ``next_poll_at`` is when Stripe is polled next, after ``poll_count`` polls. ``stop_print`` says
    that the refund took its part off the print job. ``tax_amount`` is known once settled.
    """

    refund_id: str
    order_id: str
    studio_id: str
    type: RefundType
    status: RefundStatus
    amount: int
    currency: str
    charge_id: str
    requested_by: str
    requested_at: str
    source: str
    correlation_id: str
    account_id: str | None = None
    items: tuple[RefundItem, ...] = ()
    reason: str | None = None
    note: str | None = None
    stop_print: bool = False
    fingerprint: str | None = None
    attempt: int = 1
    attempt_at: str | None = None
    stripe_refund_id: str | None = None
    pending_reason: str | None = None
    failure_reason: str | None = None
    refusal: Refusal | None = None
    settled_at: str | None = None
    tax_amount: int | None = None
    resolution: Resolution | None = None
    settled_seq: int | None = None
    failed_seq: int | None = None
    rev_share_reversed_amount: int | None = None
    stripe_fee_retained_amount: int | None = None
    net_deduction_amount: int | None = None
    poll_count: int = 0
    next_poll_at: str | None = None
    version: int = 0
    history: tuple[HistoryEntry, ...] = ()

    @property
    def idempotency_key(self) -> str:
        """Stripe's idempotency key of the current attempt."""
        return f"{self.refund_id}:{self.attempt}"

    @property
    def is_open(self) -> bool:
        """Whether anything is still to happen: an answer of Stripe, or a ledger entry."""
        return self.status in UNSETTLED or self.settlement_owed

    @property
    def settlement_owed(self) -> bool:
        """Whether the ledger lacks an entry for this refund: of its success or its late failure."""
        if self.status is RefundStatus.SUCCEEDED:
            return True
        failed_late = self.status is RefundStatus.FAILED and self.settled_seq is not None
        return failed_late and self.failed_seq is None

    @property
    def failed_at(self) -> str | None:
        """When it failed or was canceled, or None."""
        ended = self.status in {RefundStatus.FAILED, RefundStatus.CANCELED}
        return self.history[-1].at if ended and self.history else None

    @property
    def needs_attention(self) -> bool:
        """Whether a person has to pay the parent back another way.

        Not after a refusal that the request itself was answered with: whoever asked knows.
        """
        if self.status is not RefundStatus.FAILED or self.resolution is not None:
            return False
        return self.refusal is None or self.history[-1].by != "refund_request"

    def with_status(self, status: RefundStatus, at: str, by: str) -> "Refund":
        """Return the refund in another state, with the change in its history.

        Raises:
            ValueError: ``TRANSITIONS`` does not have that change.
        """
        if status not in TRANSITIONS[self.status]:
            raise ValueError(f"a {self.status} refund does not become {status}")
        history = (*self.history, HistoryEntry(status, at, by))
        return replace(self, status=status, history=history)


@dataclass(frozen=True, slots=True)
class RefundChoice:
    """What the caller wants refunded, already checked for form.

    ``items`` are (line id, quantity) pairs. ``keep_print`` refunds without stopping the print.
    """

    type: RefundType
    amount: int | None = None
    items: tuple[tuple[str, int], ...] = ()
    shipping: bool = False
    keep_print: bool = False
    expected_refundable_amount: int | None = None


@dataclass(frozen=True, slots=True)
class RefundQuote:
    """What the choice comes to now: money in minor units, and the units it takes of each line."""

    charge_id: str
    amount: int
    items: tuple[RefundItem, ...] = ()


def quote_refund(order: Order, state: OrderState, choice: RefundChoice) -> RefundQuote:
    """Return what the choice comes to against what is left of the order.

    Raises:
        OrderNotChargedError: There is no charge to refund.
        ChargeDisputedError: The charge is disputed, or the dispute was lost.
        RefundableAmountChangedError: ``expected_refundable_amount`` is not what is left.
        NothingRefundableError: Nothing is left.
        UnknownLineError, QuantityExceedsRefundableError, ShippingNotRefundableError,
            AmountTooSmallError, AmountExceedsRefundableError: The choice does not fit the order.
    """
    if order.charge_id is None:
        raise OrderNotChargedError(
            "This order was not charged through Stripe; there is nothing to refund."
        )
    if state.disputed:
        raise ChargeDisputedError(
            "The parent disputes this charge with their bank. Answer the dispute in Stripe; "
            "a refund is possible once it is closed in the studio's favor."
        )
    left = state.refundable_amount
    expected = choice.expected_refundable_amount
    if expected is not None and expected != left:
        raise RefundableAmountChangedError(
            f"{left} is refundable now, not {expected}. Look at the order again, then repeat "
            "the request with a new Idempotency-Key."
        )
    if left == 0:
        raise NothingRefundableError("All of this order is refunded or on its way back already.")
    items = _quote_items(order, state, choice)
    amount = _quote_amount(state, choice, items)
    if amount > left:
        raise AmountExceedsRefundableError(
            f"{amount} was asked for, and {left} is left of this order."
        )
    if amount <= 0:
        raise AmountTooSmallError(
            "The chosen items come to 0 in the currency's smallest unit; choose more units, or "
            "items that have a price."
        )
    return RefundQuote(order.charge_id, amount, items)


def _quote_items(order: Order, state: OrderState, choice: RefundChoice) -> tuple[RefundItem, ...]:
    if choice.type is not RefundType.LINE_ITEMS:
        return ()
    items = tuple(_quote_item(order, state, *item) for item in choice.items)
    return (*items, _quote_shipping(order, state)) if choice.shipping else items


def _quote_amount(state: OrderState, choice: RefundChoice, items: tuple[RefundItem, ...]) -> int:
    match choice.type:
        case RefundType.FULL:
            return state.refundable_amount
        case RefundType.PARTIAL:
            return choice.amount or 0
        case RefundType.LINE_ITEMS:
            return sum(item.amount for item in items)


def _quote_item(order: Order, state: OrderState, line_id: str, quantity: int) -> RefundItem:
    line = order.line(line_id) if line_id != SHIPPING_LINE_ID else None
    if line is None:
        raise UnknownLineError(f"This order has no line {line_id!r}.")
    left = line.quantity - state.line_committed(line_id).quantity
    if quantity > left:
        raise QuantityExceedsRefundableError(
            f"{quantity} of line {line_id!r} were asked for, and {left} are left to refund."
        )
    return _refund_item(state, line, quantity)


def _quote_shipping(order: Order, state: OrderState) -> RefundItem:
    line = order.line(SHIPPING_LINE_ID)
    if line is None or state.line_committed(SHIPPING_LINE_ID).quantity:
        raise ShippingNotRefundableError(
            "Shipping was free or is refunded already; leave out `shipping`."
        )
    return _refund_item(state, line, 1)


def _refund_item(state: OrderState, line: OrderLine, quantity: int) -> RefundItem:
    amount = state.line_refund_amount(line, quantity)
    return RefundItem(line.line_id, quantity, amount, state.line_refund_tax(line, quantity))


def resolve(state: OrderState, refund: Refund, resolution: Resolution) -> tuple[OrderState, Refund]:
    """Return state and refund once a person has recorded what became of a failed refund.

    What the studio paid by itself cannot be refunded through Stripe as well, and where that leaves
    nothing of the order, a print that the failure had put back leaves the queue again. It moves
    nothing in the ledger: no money passed through PPS.

    Raises:
        RefundNotFailedError: The refund has not failed.
        AlreadyResolvedError: Something else has been recorded.
        AmountExceedsRefundableError: The money has been refunded again meanwhile.
    """
    if refund.failed_at is None:
        raise RefundNotFailedError(
            "Only a failed refund is paid back another way. Look at the refund's status."
        )
    if refund.resolution is not None:
        raise AlreadyResolvedError(
            f"{refund.resolution.by} has recorded {refund.resolution.paid_by} already."
        )
    resolved = replace(refund, resolution=resolution)
    if resolution.paid_by not in PAID_OTHERWISE:
        return state, resolved
    if refund.amount > state.refundable_amount:
        raise AmountExceedsRefundableError(
            f"{state.refundable_amount} is left of this order, and {refund.amount} had failed: it "
            "has been refunded again. Record `new_refund`."
        )
    paid = state.paid_otherwise_amount + refund.amount
    after = replace(state, paid_otherwise_amount=paid)
    if refund.stop_print or refund.source == FROM_STRIPE:
        # One made outside took a queued print off with the last of the order.
        after = take_off(after, refund.refund_id, ())
    return after, resolved


def check_fulfillment(state: OrderState, choice: RefundChoice, quote: RefundQuote) -> None:
    """Refuse to refund all of a print in production unless the caller says to keep it.

    What leaves something of the order leaves something to be printed, so it goes through; so do
    line items, which take their units off the job.

    Raises:
        FulfillmentInProgressError: An operator has claimed or printed it.
    """
    if choice.keep_print or not _is_full(state, choice, quote):
        return
    if state.fulfillment_status in IN_PROGRESS:
        raise FulfillmentInProgressError(
            f"The print is {state.fulfillment_status}. Cancel fulfillment first, or send "
            '`"fulfillment": "keep"` to refund and let the print go on.'
        )


def stops_print(state: OrderState, choice: RefundChoice, quote: RefundQuote) -> bool:
    """Return whether this refund takes its part off the print job.

    A full refund does while the print is queued, line items as long as it is not printed.
    """
    if choice.keep_print:
        return False
    if choice.type is RefundType.LINE_ITEMS:
        return is_unprinted(state)
    return _is_full(state, choice, quote) and state.fulfillment_status == "queued"


def _is_full(state: OrderState, choice: RefundChoice, quote: RefundQuote) -> bool:
    """Say whether it is a full refund by name, or by its amount."""
    if choice.type is RefundType.LINE_ITEMS:
        return False
    return quote.amount == state.refundable_amount


def reserve(
    state: OrderState, refund_id: str, quote: RefundQuote, *, stop_print: bool
) -> OrderState:
    """Return the state with the quote's money and units out, and its part off the print job.

    Args:
        state: The order's state as they are.
        refund_id: The refund's id.
        quote: What it takes.
        stop_print: What ``stops_print`` says of it.
    """
    reserved = state.with_reservation(quote.amount, quote.items, 1)
    if not stop_print:
        return reserved
    return take_off(reserved, refund_id, quote.items)


def take_in(state: OrderState, refund: Refund) -> OrderState:
    """Return the state with the money of a refund out that was made outside.

    As with one asked for here, what takes the last of the order takes a queued print off the queue.
    One in production goes on: nobody could be asked about it.
    """
    out = state.with_reservation(refund.amount, (), 1)
    takes_the_last = state.refundable_amount > 0 and out.refundable_amount == 0
    if takes_the_last and state.fulfillment_status == "queued":
        return take_off(out, refund.refund_id, ())
    return out


def release(state: OrderState, refund: Refund) -> OrderState:
    """Return the state with the refund's money and units back, and its part of the print resumed.

    A print that someone else has stopped or moved since stays as it is.
    """
    released = state.with_reservation(refund.amount, refund.items, -1)
    return put_back(released, refund.refund_id, refund.items if refund.stop_print else ())


def warnings_for(state: OrderState) -> list[str]:
    """Return the codes of what staff should know before they refund."""
    warning = {
        "claimed": "fulfillment_in_progress",
        "printed": "fulfillment_in_progress",
        "shipped": "already_shipped",
    }.get(state.fulfillment_status)
    return [warning] if warning else []


def derive_refund_id(scope: str, name: str) -> str:
    """Return the refund id that a name has within a scope: the same each time it is asked for.

    Args:
        scope: ``stripe``, or ``order`` and the order's id.
        name: Stripe's refund id, or the client's idempotency key.
    """
    digest = hashlib.sha256(f"{scope}\n{name}".encode()).hexdigest()
    return f"rf_{digest[:24]}"
