"""Responses about adjustments. Amounts in minor units, times RFC 3339 in UTC."""

from collections.abc import Iterable

from shared.domain.adjustment import Adjustment
from shared.views.view import View

# What a studio's people read in place of a PPS admin's id.
PPS = "PPS"


class AdjustmentStepView(View):
    """A change of state. ``source`` is api, or operator for the operator command."""

    status: str
    at: str
    by: str
    source: str


class AdjustmentView(View):
    """An adjustment of what PPS owes a studio.

    ``status`` is proposed, approved or rejected. ``amount`` is positive if the studio gains.
    ``entry_seq`` is its ledger entry, once it is approved. To a studio's own people ``proposed_by``
    and ``decided_by`` read PPS.
    """

    adjustment_id: str
    studio_id: str
    status: str
    amount: int
    currency: str
    reason: str
    reference: str | None
    proposed_by: str
    proposed_at: str
    decided_by: str | None
    decided_at: str | None
    entry_seq: int | None
    history: list[AdjustmentStepView]


class AdjustmentList(View):
    """Adjustments, the newest first."""

    items: list[AdjustmentView]
    next_cursor: str | None


def adjustment_view(adjustment: Adjustment, *, for_pps: bool) -> AdjustmentView:
    """Return an adjustment as the API shows it.

    Args:
        adjustment: The adjustment.
        for_pps: Whether to show who of PPS proposed and decided.
    """

    def shown(user: str) -> str:
        return user if for_pps else PPS

    return AdjustmentView(
        adjustment_id=adjustment.adjustment_id,
        studio_id=adjustment.studio_id,
        status=adjustment.status.value,
        amount=adjustment.amount,
        currency=adjustment.currency,
        reason=adjustment.reason,
        reference=adjustment.reference,
        proposed_by=shown(adjustment.proposed_by),
        proposed_at=adjustment.proposed_at,
        decided_by=shown(adjustment.decided_by) if adjustment.decided_by else None,
        decided_at=adjustment.decided_at,
        entry_seq=adjustment.entry_seq,
        history=[
            AdjustmentStepView(
                status=step.status.value,
                at=step.at,
                by=shown(step.by),
                source=step.source.value,
            )
            for step in adjustment.history
        ],
    )


def adjustment_list(
    adjustments: Iterable[Adjustment], next_cursor: str | None, *, for_pps: bool
) -> AdjustmentList:
    """Return a page of adjustments as the API shows it."""
    return AdjustmentList(
        items=[adjustment_view(each, for_pps=for_pps) for each in adjustments],
        next_cursor=next_cursor,
    )
