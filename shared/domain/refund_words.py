"""What staff read about a refund that waits or failed: what happened, and what to do.

https://docs.stripe.com/api/refunds/object#refund_object-failure_reason
https://docs.stripe.com/api/refunds/object#refund_object-pending_reason
"""

from shared.domain.refund import IN_FLIGHT, Refund, RefundStatus

_PENDING = {
    "processing": "The bank is processing it. There is nothing to do.",
    "insufficient_funds": (
        "Stripe's balance is too low to refund this today. We will keep trying. Top up the Stripe "
        "account to send it sooner."
    ),
    "charge_pending": (
        "The parent's payment has not arrived yet. Stripe refunds it as soon as it does."
    ),
    "account_disconnected": (
        "The studio's Stripe account is not connected to PPS any more. Connect it again, and the "
        "refund goes on by itself."
    ),
}
_WAITS = "Stripe has not confirmed it yet. Card refunds are confirmed within minutes."

_FAILED = {
    "lost_or_stolen_card": "The parent's card was reported lost or stolen.",
    "expired_or_canceled_card": "The parent's card has expired or was canceled.",
    "charge_for_pending_refund_disputed": (
        "The parent disputed the charge with their bank before the refund was done."
    ),
    "insufficient_funds": "Stripe's balance was too low for too long.",
    "declined": "The parent's bank declined the refund.",
    "merchant_request": "The refund was canceled in Stripe.",
    "canceled": "The refund was canceled in Stripe.",
    "account_disconnected": "The studio's Stripe account is not connected to PPS.",
}
_FAILED_FOR_UNKNOWN_REASON = "Stripe could not make this refund and gave no reason."
_NEXT_STEP = "Refund again, or pay the parent another way and record how."


def pending_words(refund: Refund) -> str | None:
    """Return why a refund is still pending, or None if it is not."""
    return _PENDING.get(refund.pending_reason or "", _WAITS) if refund.status in IN_FLIGHT else None


def failure_words(refund: Refund) -> str | None:
    """Return why a refund failed, and what to do, or None if it has not."""
    if refund.status not in {RefundStatus.FAILED, RefundStatus.CANCELED}:
        return None
    known = _FAILED.get(refund.failure_reason or "", _FAILED_FOR_UNKNOWN_REASON)
    why = known if refund.refusal is None else refund.refusal.detail
    return f"{why} {_NEXT_STEP}" if refund.needs_attention else why
