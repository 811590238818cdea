"""From the domain to the API's bodies."""

from functions.refund_request.models import (
    HistoryView,
    PreviewView,
    RefundItemView,
    RefundView,
)
from functions.refund_request.preview_refund import Preview
from shared.domain.order import OrderTotals
from shared.domain.refund import DISPLAY_STATUS, UNSETTLED, Refund, RefundStatus
from shared.domain.settlement import effect_of


def preview_view(preview: Preview) -> PreviewView:
    """Return the answer to a preview."""
    amount = preview.quote.amount
    before = preview.totals.refundable_amount
    return PreviewView(
        refund_amount=amount,
        currency=preview.totals.currency,
        refundable_amount_before=before,
        refundable_amount_after=before - amount,
        rev_share_reversed_amount=preview.effect.rev_share_reversed_amount,
        stripe_fee_retained_amount=preview.effect.stripe_fee_retained_amount,
        net_deduction_amount=preview.effect.net_deduction_amount,
        next_payout_before_amount=preview.next_payout_before_amount,
        next_payout_after_amount=preview.next_payout_after_amount,
        warnings=preview.warnings,
    )


def refund_view(refund: Refund, totals: OrderTotals) -> RefundView:
    """Return a refund as the API shows it.

    Its three effects are estimates before settlement, and nothing once it has failed: the ledger
    has taken them back.

    Args:
        refund: The refund.
        totals: Its order's totals, with the refund counted in while it is not failed.
    """
    reversed_amount = retained = net = 0
    if refund.status is RefundStatus.SETTLED:
        reversed_amount = refund.rev_share_reversed_amount or 0
        retained = refund.stripe_fee_retained_amount or 0
        net = refund.net_deduction_amount or 0
    elif refund.status in UNSETTLED:
        effect = effect_of(totals, totals.out_amount - refund.amount, totals.out_amount)
        reversed_amount = effect.rev_share_reversed_amount
        retained = effect.stripe_fee_retained_amount
        net = effect.net_deduction_amount
    return RefundView(
        refund_id=refund.refund_id,
        order_id=refund.order_id,
        type=refund.type,
        status=refund.status,
        display_status=DISPLAY_STATUS[refund.status],
        amount=refund.amount,
        currency=refund.currency,
        items=[
            RefundItemView(line_id=item.line_id, quantity=item.quantity, amount=item.amount)
            for item in refund.items
        ],
        reason=refund.reason,
        note=refund.note,
        requested_by=refund.requested_by,
        requested_at=refund.requested_at,
        settled_at=refund.settled_at,
        stripe_refund_id=refund.stripe_refund_id,
        pending_reason=refund.pending_reason,
        failure_reason=refund.failure_reason,
        source=refund.source,
        rev_share_reversed_amount=reversed_amount,
        stripe_fee_retained_amount=retained,
        net_deduction_amount=net,
        history=[
            HistoryView(status=entry.status, at=entry.at, by=entry.by) for entry in refund.history
        ],
    )
