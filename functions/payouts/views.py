"""From the domain to the API's bodies."""

from dataclasses import asdict
from typing import Any

from functions.payouts.models import (
    NextPayoutView,
    PayoutLineView,
    PayoutStepView,
    PayoutSummary,
    PayoutView,
    SumsView,
    SumView,
)
from functions.payouts.read_lines import LinesPage
from functions.payouts.show_payout import NextPayout
from shared.domain.payout import Payout
from shared.domain.statement import Statement, Sum

_KINDS = ("sale", "refund", "refund_failed", "payout_failed", "carried")


def payout_summary(payout: Payout) -> PayoutSummary:
    """Return a payout as lists show it."""
    return PayoutSummary(**_summary(payout))


def payout_view(payout: Payout, page: LinesPage) -> PayoutView:
    """Return a payout with a page of its lines."""
    return PayoutView(**_summary(payout), **_lines(page))


def next_payout_view(payout: NextPayout) -> NextPayoutView:
    """Return the next payout as it stands."""
    return NextPayoutView(
        currency=payout.head.currency,
        reason=payout.reason,
        due_at=payout.due_at,
        total_amount=payout.page.statement.total_amount,
        paid_amount=payout.paid_amount,
        carried_amount=payout.carried_amount,
        **_lines(payout.page),
    )


def _summary(payout: Payout) -> dict[str, Any]:
    return {
        "payout_id": payout.payout_id,
        "currency": payout.currency,
        "status": payout.status.value,
        "reason": payout.reason,
        "period_start": payout.period_start,
        "period_end": payout.period_end,
        "closed_at": payout.closed_at,
        "total_amount": payout.total_amount,
        "paid_amount": payout.paid_amount,
        "carried_amount": payout.carried_amount,
        "account_id": payout.account_id,
        "transfer_id": payout.transfer_id,
        "history": [
            PayoutStepView(status=step.status.value, at=step.at) for step in payout.history
        ],
    }


def _lines(page: LinesPage) -> dict[str, Any]:
    return {
        "lines": [PayoutLineView(**asdict(line)) for line in page.lines],
        "next_cursor": page.next_cursor,
        "sums": _sums(page.statement),
    }


def _sums(statement: Statement) -> SumsView:
    by_kind = {kind: statement.by_kind.get(kind, Sum()) for kind in _KINDS}
    views = {name: SumView(**asdict(each)) for name, each in by_kind.items()}
    return SumsView(**views, total=SumView(**asdict(statement.total)))
