"""A refund as the API shows it. Amounts in minor units."""

from pydantic import BaseModel

from shared.domain.order import OrderState
from shared.domain.refund import (
    DISPLAY_STATUS,
    UNSETTLED,
    PaidBy,
    Refund,
    RefundStatus,
    RefundType,
)
from shared.domain.settlement import effect_of


class RefundItemView(BaseModel):
    """Units of a line that the refund returns, and the money for them."""

    line_id: str
    quantity: int
    amount: int
    tax_amount: int


class HistoryView(BaseModel):
    """A change of state."""

    status: RefundStatus
    at: str
    by: str


class ResolutionView(BaseModel):
    """How the parent was paid after the refund had failed."""

    paid_by: PaidBy
    reference: str | None
    at: str
    by: str


class RefundView(BaseModel):
    """A refund."""

    refund_id: str
    order_id: str
    type: RefundType
    status: RefundStatus
    display_status: str
    amount: int
    currency: str
    items: list[RefundItemView]
    reason: str | None
    note: str | None
    requested_by: str
    requested_at: str
    settled_at: str | None
    stripe_refund_id: str | None
    pending_reason: str | None
    failure_reason: str | None
    source: str
    rev_share_reversed_amount: int
    stripe_fee_retained_amount: int
    net_deduction_amount: int
    tax_amount: int | None
    resolution: ResolutionView | None
    history: list[HistoryView]


def refund_view(refund: Refund, state: OrderState) -> RefundView:
    """Return a refund as the API shows it.

    Its three effects are estimates before settlement, and nothing once it has failed: the ledger
    has taken them back.

    Args:
        refund: The refund.
        state: Its order's state, with the refund counted in while it is not failed.
    """
    reversed_amount = retained = net = 0
    if refund.status is RefundStatus.SETTLED:
        reversed_amount = refund.rev_share_reversed_amount or 0
        retained = refund.stripe_fee_retained_amount or 0
        net = refund.net_deduction_amount or 0
    elif refund.status in UNSETTLED:
        effect = effect_of(state, state.committed_amount - refund.amount, state.committed_amount)
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
            RefundItemView(
                line_id=item.line_id,
                quantity=item.quantity,
                amount=item.amount,
                tax_amount=item.tax_amount,
            )
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
        tax_amount=refund.tax_amount,
        resolution=refund.resolution
        and ResolutionView(
            paid_by=refund.resolution.paid_by,
            reference=refund.resolution.reference,
            at=refund.resolution.at,
            by=refund.resolution.by,
        ),
        history=[
            HistoryView(status=entry.status, at=entry.at, by=entry.by) for entry in refund.history
        ],
    )
