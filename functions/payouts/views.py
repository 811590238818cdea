"""Responses about payouts.

Amounts are in minor units, times RFC 3339 in UTC, days in the studio's time zone. Signs are the
studio's: what it gains is positive. In each line and each sum, gross, Stripe's fee and rev share
add up to net. So do payable (what PPS pays out) and direct (what Stripe settled with the studio
itself).
"""

from dataclasses import asdict
from typing import Any, Literal

from functions.payouts.list_payouts import PayoutsPage
from functions.payouts.read_lines import LinesPage
from functions.payouts.show_payout import NextPayout
from shared.domain.ledger import EntryKind
from shared.domain.payout import Payout
from shared.domain.statement import CARRIED, Statement, payable_parts
from shared.domain.sums import Sum
from shared.views.view import View

_KINDS = (*(kind.value for kind in EntryKind if kind is not EntryKind.PAYOUT_CLOSED), CARRIED)


class PayoutLineView(View):
    """A line of a payout.

    For a refund, gross is what the parent got (negative), rev share is what PPS gave back
    (positive), and net is the deduction. ``kind`` is sale, refund, refund_failed (a refund that
    failed after it was deducted), opening_sale and opening_refund (from before the ledger started,
    paid out elsewhere), dispute and dispute_reversed (money that a dispute took, and that came
    back), payout_failed (a transfer that Stripe refused), payout_reversed (a transfer that came
    back), adjustment (a correction by PPS, with its reason in words), or carried (the balance that
    the previous payout left). ``refund_type`` and ``reason`` say what was refunded and why.
    ``reason_name`` is what people call the reason; an adjustment's is its own sentence.
    ``parent_name`` is the order's, and null if it was erased. ``tax_amount`` is the tax in the
    gross, and ``balance_transaction_id`` the movement of Stripe's balance.
    """

    kind: str
    order_id: str | None
    refund_id: str | None
    payout_id: str | None
    stripe_refund_id: str | None
    adjustment_id: str | None
    reason: str | None
    reason_name: str | None
    seq: int | None
    recorded_at: str | None
    gross_amount: int
    stripe_fee_amount: int
    rev_share_amount: int
    net_amount: int
    payable_amount: int
    direct_amount: int
    elsewhere_amount: int
    dispute_id: str | None
    refund_type: str | None
    parent_name: str | None
    tax_amount: int
    balance_transaction_id: str | None


class PartsView(View):
    """The money of a payout as parts of one bar.

    Sales, refunds, disputes, adjustments, transfers (earlier payouts that failed or came back) and
    carried in add up to ``total_amount`` of the payout. So do paid, held (for open disputes) and
    left (carried into the next payout for another reason).
    """

    sales_amount: int
    refunds_amount: int
    disputes_amount: int
    adjustments_amount: int
    transfers_amount: int
    carried_in_amount: int
    paid_amount: int
    held_amount: int
    left_amount: int


class SumView(View):
    """The number of lines, and their sums."""

    count: int
    gross_amount: int
    stripe_fee_amount: int
    rev_share_amount: int
    net_amount: int
    payable_amount: int
    direct_amount: int
    elsewhere_amount: int


class SumsView(View):
    """The sums of all lines, on this page or not."""

    sale: SumView
    refund: SumView
    refund_failed: SumView
    opening_sale: SumView
    opening_refund: SumView
    dispute: SumView
    dispute_reversed: SumView
    payout_failed: SumView
    payout_reversed: SumView
    adjustment: SumView
    carried: SumView
    total: SumView


class PayoutStepView(View):
    """A change of state."""

    status: str
    at: str


class PayoutSummary(View):
    """A payout. ``total_amount`` is the sum of ``paid_amount`` and ``carried_amount``.

    It holds what was recorded from ``period_started_at`` on and before ``period_ended_at``.
    ``period_start`` and ``period_end`` are the days of its first and its last moment. ``status`` is
    closing, transferring, paid, failed, held or carried. ``reason`` says why nothing was paid, or
    that the payout was ``restored`` from Stripe's transfer. A payout that is transferring with the
    reason ``insufficient_balance`` is tried again every hour. ``disputed_held_amount`` is the part
    of ``carried_amount`` that open disputes may still take. Of the transfer ``transfer_id``, Stripe
    has taken ``reversed_amount`` back since; it is a line of a later payout.
    """

    payout_id: str
    currency: str
    status: str
    reason: str | None
    period_started_at: str
    period_ended_at: str
    period_start: str
    period_end: str
    closed_at: str
    total_amount: int
    paid_amount: int
    carried_amount: int
    disputed_held_amount: int
    reversed_amount: int
    account_id: str | None
    transfer_id: str | None
    history: list[PayoutStepView]


class PayoutView(PayoutSummary):
    """A payout with a page of its lines."""

    parts: PartsView
    lines: list[PayoutLineView]
    next_cursor: str | None
    sums: SumsView


class NextPayoutView(View):
    """What the next payout would be now. ``due_at`` is when it will be made.

    Its period begins at ``period_started_at``, which is null before the first payout, and will end
    at ``due_at``. ``reason`` says why it would pay nothing; ``studio_closed`` means that the studio
    is paid on request only, and ``payouts_on_hold`` that Stripe
    could not pay the studio's account. ``disputed_held_amount`` is the part of ``carried_amount``
    that open disputes may still take.
    """

    payout_id: None = None
    currency: str
    status: Literal["open"] = "open"
    reason: str | None
    period_started_at: str | None
    due_at: str | None
    total_amount: int
    paid_amount: int
    carried_amount: int
    disputed_held_amount: int
    parts: PartsView
    lines: list[PayoutLineView]
    next_cursor: str | None
    sums: SumsView


class PayoutList(View):
    """Payouts, the newest first."""

    items: list[PayoutSummary]
    next_cursor: str | None


def payout_list(page: PayoutsPage) -> PayoutList:
    """Return a page of payouts as the API shows it."""
    return PayoutList(
        items=[_summary(payout) for payout in page.payouts],
        next_cursor=page.next_cursor,
    )


def payout_view(payout: Payout, page: LinesPage) -> PayoutView:
    """Return a payout with a page of its lines."""
    parts = _parts(page, payout.paid_amount, payout.disputed_held_amount)
    return PayoutView(**dict(_summary(payout)), parts=parts, **_lines(page))


def next_payout_view(payout: NextPayout) -> NextPayoutView:
    """Return the next payout as it is now."""
    return NextPayoutView(
        currency=payout.head.currency,
        reason=payout.reason,
        period_started_at=payout.period_started_at,
        due_at=payout.due_at,
        total_amount=payout.page.statement.total_amount,
        paid_amount=payout.paid_amount,
        carried_amount=payout.carried_amount,
        disputed_held_amount=payout.disputed_held_amount,
        parts=_parts(payout.page, payout.paid_amount, payout.disputed_held_amount),
        **_lines(payout.page),
    )


def _summary(payout: Payout) -> PayoutSummary:
    return PayoutSummary(
        payout_id=payout.payout_id,
        currency=payout.currency,
        status=payout.status.value,
        reason=payout.reason,
        period_started_at=payout.period_started_at,
        period_ended_at=payout.period_ended_at,
        period_start=payout.period_start,
        period_end=payout.period_end,
        closed_at=payout.closed_at,
        total_amount=payout.total_amount,
        paid_amount=payout.paid_amount,
        carried_amount=payout.carried_amount,
        disputed_held_amount=payout.disputed_held_amount,
        reversed_amount=payout.reversed_amount,
        account_id=payout.account_id,
        transfer_id=payout.transfer_id,
        history=[PayoutStepView(status=step.status.value, at=step.at) for step in payout.history],
    )


def _parts(page: LinesPage, paid_amount: int, held_amount: int) -> PartsView:
    return PartsView(
        **asdict(payable_parts(page.statement)),
        paid_amount=paid_amount,
        held_amount=held_amount,
        left_amount=page.statement.total_amount - paid_amount - held_amount,
    )


def _lines(page: LinesPage) -> dict[str, Any]:
    return {
        "lines": [
            PayoutLineView(**asdict(line), reason_name=line.reason_name) for line in page.lines
        ],
        "next_cursor": page.next_cursor,
        "sums": _sums(page.statement),
    }


def _sums(statement: Statement) -> SumsView:
    by_kind = {kind: statement.by_kind.get(kind, Sum()) for kind in _KINDS}
    views = {name: SumView(**asdict(each)) for name, each in by_kind.items()}
    return SumsView(**views, total=SumView(**asdict(statement.total)))
