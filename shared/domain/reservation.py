"""What refunds do to an order's state: money and prints are reserved, released, resolved."""

from dataclasses import replace

from shared.domain.errors import (
    AlreadyResolvedError,
    AmountExceedsRefundableError,
    RefundNotFailedError,
)
from shared.domain.fulfillment import put_back, take_off
from shared.domain.order import FulfillmentStatus, OrderState
from shared.domain.refund import PAID_OTHERWISE, Refund, Resolution
from shared.domain.refund_quote import RefundQuote


def reserve(
    state: OrderState, refund_id: str, quote: RefundQuote, *, stop_print: bool
) -> OrderState:
    """Return the state with the quote's money and units reserved.

    Args:
        state: The order's state now.
        refund_id: The refund's id.
        quote: What the refund takes.
        stop_print: Whether it takes its part off the print job (see ``stops_print``).
    """
    reserved = state.with_reservation(quote.amount, quote.items)
    return take_off(reserved, refund_id, quote.items) if stop_print else reserved


def record_external_refund(state: OrderState, refund: Refund) -> OrderState:
    """Return the state with the money of an external refund reserved.

    If it takes the last of the order, it takes a queued print off the queue, as any full refund
    does. A print in production goes on, because nobody was asked about it.
    """
    reserved = state.with_reservation(refund.amount, ())
    takes_the_last = state.refundable_amount > 0 and reserved.refundable_amount == 0
    if takes_the_last and state.fulfillment_status is FulfillmentStatus.QUEUED:
        return take_off(reserved, refund.refund_id, ())
    return reserved


def release(state: OrderState, refund: Refund) -> OrderState:
    """Return the state with a refund's money and units free again, and its print job resumed.

    A print that somebody else stopped or moved in the meantime stays as it is.
    """
    released = state.without_reservation(refund.amount, refund.items)
    return put_back(released, refund.refund_id, refund.items if refund.stop_print else ())


def resolve(state: OrderState, refund: Refund, resolution: Resolution) -> tuple[OrderState, Refund]:
    """Return state and refund once a person has recorded how a failed refund was settled.

    What the studio paid by itself cannot be refunded through Stripe as well. If that leaves
    nothing of the order, a print that the failure put back leaves the queue again, unless the
    requester asked to keep it. The ledger gets no entry: no money passed through PPS.

    Raises:
        RefundNotFailedError: The refund has not failed.
        AlreadyResolvedError: Another resolution has been recorded.
        AmountExceedsRefundableError: The money has been refunded again in the meantime.
    """
    if refund.failed_at is None:
        raise RefundNotFailedError(
            "Only a failed refund can be paid another way. Check the refund's status."
        )
    if refund.resolution is not None:
        raise AlreadyResolvedError(
            f"{refund.resolution.by} has already recorded {refund.resolution.paid_by}."
        )
    resolved = replace(refund, resolution=resolution)
    if resolution.paid_by not in PAID_OTHERWISE:
        return state, resolved
    if refund.amount > state.refundable_amount:
        raise AmountExceedsRefundableError(
            f"Only {state.refundable_amount} of this order is left, and the failed refund was "
            f"{refund.amount}. The order has been refunded again: record `new_refund`."
        )
    paid = state.paid_otherwise_amount + refund.amount
    after = replace(state, paid_otherwise_amount=paid)
    if not refund.keep_print:
        after = take_off(after, refund.refund_id, ())
    return after, resolved
