"""How refunds reserve and release an order's money and prints, and how failed ones are resolved."""

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.errors import (
    AlreadyResolvedError,
    AmountExceedsRefundableError,
    RefundNotFailedError,
)
from shared.domain.fulfillment import remove_from_print_job, restore_to_print_job
from shared.domain.money import money_text
from shared.domain.order import FulfillmentStatus, OrderState
from shared.domain.refund import PAID_OTHERWISE, Refund, Resolution

if TYPE_CHECKING:
    from shared.domain.refund_quote import RefundQuote


def reserve(
    state: OrderState, refund_id: str, quote: "RefundQuote", *, stop_print: bool
) -> OrderState:
    """Return the state with the quote's money and units reserved.

    Args:
        state: The order's state now.
        refund_id: The refund's id.
        quote: The refund's money and units.
        stop_print: Whether it removes its units from the print job (see ``stops_print``).
    """
    reserved = state.with_reservation(quote.amount, quote.items)
    return remove_from_print_job(reserved, refund_id, quote.items) if stop_print else reserved


def record_external_refund(state: OrderState, refund: Refund) -> OrderState:
    """Return the state with the money of an external refund reserved.

    If no money is left, it cancels a queued print, as any full refund does. A print in production
    goes on, because nobody chose to stop it.
    """
    reserved = state.with_reservation(refund.amount, ())
    takes_the_last = state.refundable_amount > 0 and reserved.refundable_amount == 0
    if takes_the_last and state.fulfillment_status is FulfillmentStatus.QUEUED:
        return remove_from_print_job(reserved, refund.refund_id, ())
    return reserved


def release(state: OrderState, refund: Refund) -> OrderState:
    """Return the state with a refund's reservation released and its print job resumed.

    A print that a person canceled or moved in the meantime stays as it is.
    """
    released = state.without_reservation(refund.amount, refund.items)
    removed = refund.items if refund.stop_print else ()
    return restore_to_print_job(released, refund.refund_id, removed)


def resolve(state: OrderState, refund: Refund, resolution: Resolution) -> tuple[OrderState, Refund]:
    """Return state and refund with a person's record of how a failed refund was paid.

    What the studio paid by itself cannot be refunded through Stripe as well. If then nothing of
    the order is left, a print that the failure resumed is canceled again, unless the requester
    asked to keep it. The ledger gets no entry, because no money passed through PPS.

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
            "How the parent was paid has already been recorded. Reload the refund to see it."
        )
    resolved = replace(refund, resolution=resolution)
    if resolution.paid_by not in PAID_OTHERWISE:
        return state, resolved
    if refund.amount > state.refundable_amount:
        raise AmountExceedsRefundableError(
            f"Only {money_text(state.refundable_amount, refund.currency)} of this order is left, "
            f"and the failed refund was {money_text(refund.amount, refund.currency)}. The order "
            "has been refunded again: record `new_refund`."
        )
    paid = state.paid_otherwise_amount + refund.amount
    after = replace(state, paid_otherwise_amount=paid)
    if not refund.keep_print:
        after = remove_from_print_job(after, refund.refund_id, ())
    return after, resolved
