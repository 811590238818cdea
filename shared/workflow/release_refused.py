"""Releases the reservation of a refund that Stripe definitively refused."""

from dataclasses import replace

from shared.clock import Clock, rfc3339
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refusal import Refusal
from shared.domain.reservation import release
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.orders_table import OrdersTable

# A request waits for this, and has already waited for Stripe.
_CONTENTION_SECONDS = 3.0


def release_refused(
    orders: OrdersTable, refund: Refund, refusal: Refusal, clock: Clock, actor: str
) -> Refund:
    """Release the reservation of a refused refund, and store the refusal.

    Args:
        orders: The orders and their refunds.
        refund: The refund, with the attempt that was refused.
        refusal: Stripe's refusal.
        clock: The clock.
        actor: Who met the refusal, for the refund's history.

    Returns:
        The refund as stored: failed, or as another report or attempt has changed it meanwhile.

    Raises:
        StaleStateError: Others kept changing the order. The refund stays requested, and
            ``ResumePending`` meets the refusal again.
    """
    for _ in tries(_CONTENTION_SECONDS):
        current = orders.get_refund(refund.order_key, refund.refund_id)
        state = orders.get_state(refund.order_key)
        if current is None or state is None:
            raise LookupError(f"refund {refund.refund_id} does not exist any more")
        if current.status is not RefundStatus.REQUESTED or current.attempt != refund.attempt:
            return current
        failed = replace(
            current.with_status(RefundStatus.FAILED, rfc3339(clock()), actor),
            refusal=refusal,
            failure_reason=refusal.reason,
        )
        try:
            orders.release_refund(release(state, current), failed)
        except StaleStateError:
            continue
        return failed
    raise StaleStateError
