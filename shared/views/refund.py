"""A refund as the API shows it. Amounts in minor units."""

from typing import NamedTuple

from shared.domain.message_template import Template, template_for
from shared.domain.order import OrderState, RefundItem
from shared.domain.refund import (
    DISPLAY_STATUS,
    UNSETTLED,
    HistoryEntry,
    PaidBy,
    Refund,
    RefundStatus,
    RefundType,
    Resolution,
)
from shared.domain.refund_reason import reason_name
from shared.domain.refund_words import failure_words, pending_words
from shared.domain.settlement import effect_of_open
from shared.views.people import NO_NAMES, Names, shown_name
from shared.views.view import View


class RefundItemView(View):
    """Units of a line that the refund returns, with their amount and the tax in it."""

    line_id: str
    quantity: int
    amount: int
    tax_amount: int


class HistoryView(View):
    """A change of status: the new one, when (RFC 3339, UTC) and by whom."""

    status: RefundStatus
    at: str
    by: str
    by_name: str


class ResolutionView(View):
    """How the parent was paid after the refund failed."""

    paid_by: PaidBy
    reference: str | None
    note: str | None
    at: str
    by: str
    by_name: str


class RefundView(View):
    """A refund. Amounts in minor units.

    ``reason_name`` is what people call its reason, and ``processed_by_name`` who requested it.
    ``pending_detail`` and ``failure_detail`` say in words why it waits or failed, and what to do.
    ``message_template`` is the one that fits it now.
    """

    refund_id: str
    order_id: str
    type: RefundType
    status: RefundStatus
    display_status: str
    amount: int
    currency: str
    items: list[RefundItemView]
    reason: str | None
    reason_name: str | None
    note: str | None
    requested_by: str
    processed_by_name: str
    requested_at: str
    settled_at: str | None
    stripe_refund_id: str | None
    pending_reason: str | None
    pending_detail: str | None
    failure_reason: str | None
    failure_detail: str | None
    source: str
    rev_share_reversed_amount: int
    stripe_fee_retained_amount: int
    net_deduction_amount: int
    tax_amount: int | None
    resolution: ResolutionView | None
    message_template: Template
    history: list[HistoryView]


class _Effects(NamedTuple):
    rev_share_reversed_amount: int = 0
    stripe_fee_retained_amount: int = 0
    net_deduction_amount: int = 0


def refund_view(refund: Refund, state: OrderState, names: Names = NO_NAMES) -> RefundView:
    """Return a refund as the API shows it.

    Its three effects are estimates before settlement. After a failure they are 0, because the
    ledger keeps no effect of a failed refund.

    Args:
        refund: The refund.
        state: Its order's state, which includes the refund unless it failed.
        names: What users are called.
    """
    effects = _effects(refund, state)
    return RefundView(
        refund_id=refund.refund_id,
        order_id=refund.order_id,
        type=refund.type,
        status=refund.status,
        display_status=DISPLAY_STATUS[refund.status],
        amount=refund.amount,
        currency=refund.currency,
        items=[_item_view(item) for item in refund.items],
        reason=refund.reason,
        reason_name=refund.reason and reason_name(refund.reason),
        note=refund.note,
        requested_by=refund.requested_by,
        processed_by_name=shown_name(names, refund.requested_by),
        requested_at=refund.requested_at,
        settled_at=refund.settled_at,
        stripe_refund_id=refund.stripe_refund_id,
        pending_reason=refund.pending_reason,
        pending_detail=pending_words(refund),
        failure_reason=refund.failure_reason,
        failure_detail=failure_words(refund),
        source=refund.source,
        rev_share_reversed_amount=effects.rev_share_reversed_amount,
        stripe_fee_retained_amount=effects.stripe_fee_retained_amount,
        net_deduction_amount=effects.net_deduction_amount,
        tax_amount=refund.tax_amount,
        message_template=template_for(has_failed=refund.failed_at is not None),
        resolution=refund.resolution and resolution_view(refund.resolution, names),
        history=[_history_view(entry, names) for entry in refund.history],
    )


def _effects(refund: Refund, state: OrderState) -> _Effects:
    if refund.status is RefundStatus.SETTLED:
        return _Effects(
            refund.rev_share_reversed_amount or 0,
            refund.stripe_fee_retained_amount or 0,
            refund.net_deduction_amount or 0,
        )
    if refund.status in UNSETTLED:
        effect = effect_of_open(state, refund)
        return _Effects(
            effect.rev_share_reversed_amount,
            effect.stripe_fee_retained_amount,
            effect.net_deduction_amount,
        )
    return _Effects()


def _item_view(item: RefundItem) -> RefundItemView:
    return RefundItemView(
        line_id=item.line_id,
        quantity=item.quantity,
        amount=item.amount,
        tax_amount=item.tax_amount,
    )


def resolution_view(resolution: Resolution, names: Names) -> ResolutionView:
    """Return how a parent was paid, as the API shows it."""
    return ResolutionView(
        paid_by=resolution.paid_by,
        reference=resolution.reference,
        note=resolution.note,
        at=resolution.at,
        by=resolution.by,
        by_name=shown_name(names, resolution.by),
    )


def _history_view(entry: HistoryEntry, names: Names) -> HistoryView:
    return HistoryView(
        status=entry.status, at=entry.at, by=entry.by, by_name=shown_name(names, entry.by)
    )
