"""Freeing the money of a refund that Stripe surely refused."""

from dataclasses import replace

from shared.clock import Clock, rfc3339
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refusal import Refusal
from shared.domain.reservation import release
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.orders_table import OrdersTable

_CONTENTION_SECONDS = 3.0


def release_refused(
    orders: OrdersTable, refund: Refund, refusal: Refusal, clock: Clock, by: str
) -> Refund:
    """Free the money of a refund that Stripe surely refused, and keep the refusal.

    Returns:
        The refund as it stands afterwards: failed, or whatever a report made of it meanwhile.

    Raises:
        StaleStateError: Others kept changing the order; the refund stays requested, and the
            reconciler finds it.
    """
    for _ in tries(_CONTENTION_SECONDS):
        current = orders.get_refund(refund.order_key, refund.refund_id)
        state = orders.get_state(refund.order_key)
        if current is None or state is None:
            raise LookupError(f"refund {refund.refund_id} is not there any more")
        if current.status is not RefundStatus.REQUESTED or current.attempt != refund.attempt:
            return current
        failed = replace(
            current.with_status(RefundStatus.FAILED, rfc3339(clock()), by),
            refusal=refusal,
            failure_reason=refusal.reason,
        )
        try:
            orders.release_refund(release(state, current), failed)
        except StaleStateError:
            continue
        return failed
    raise StaleStateError
