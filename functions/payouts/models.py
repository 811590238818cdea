"""The bodies of payouts. Amounts in minor units, times RFC 3339 in UTC, days in the studio's zone.

Signs are the studio's: what it gains is positive. Of each line and each sum, gross, Stripe's fee
and rev share add up to net, and so do payable (what PPS pays out) and direct (what Stripe settled
with the studio itself).
"""

from typing import Literal

from pydantic import BaseModel


class PayoutLineView(BaseModel):
    """A line of a payout.

    Of a refund, gross is what the parent got (negative), rev share what PPS gave back (positive),
    and net the deduction. ``kind`` is sale, refund, refund_failed (a refund that failed after it
    was deducted), payout_failed (a transfer that Stripe refused), or carried (what the payout
    before left).
    """

    kind: str
    order_id: str | None
    refund_id: str | None
    payout_id: str | None
    stripe_refund_id: str | None
    seq: int | None
    recorded_at: str | None
    gross_amount: int
    stripe_fee_amount: int
    rev_share_amount: int
    net_amount: int
    payable_amount: int
    direct_amount: int


class SumView(BaseModel):
    """How many lines, and what they come to."""

    count: int
    gross_amount: int
    stripe_fee_amount: int
    rev_share_amount: int
    net_amount: int
    payable_amount: int
    direct_amount: int


class SumsView(BaseModel):
    """The sums of all lines, whichever of them this page shows."""

    sale: SumView
    refund: SumView
    refund_failed: SumView
    payout_failed: SumView
    carried: SumView
    total: SumView


class PayoutStepView(BaseModel):
    """A change of state."""

    status: str
    at: str


class PayoutSummary(BaseModel):
    """A payout: ``total_amount`` is ``paid_amount`` and ``carried_amount`` together.

    ``status`` is closing, transferring, paid, failed, held or carried; ``reason`` says why nothing
    was paid, or that it was ``restored`` from Stripe's transfer. ``transfer_id`` is Stripe's.
    """

    payout_id: str
    currency: str
    status: str
    reason: str | None
    period_start: str
    period_end: str
    closed_at: str
    total_amount: int
    paid_amount: int
    carried_amount: int
    account_id: str | None
    transfer_id: str | None
    history: list[PayoutStepView]


class PayoutView(PayoutSummary):
    """A payout with lines of it; ``next_cursor`` is where more of them are."""

    lines: list[PayoutLineView]
    next_cursor: str | None
    sums: SumsView


class NextPayoutView(BaseModel):
    """What the next payout would be if it were made now; ``due_at`` is when it will be."""

    payout_id: None = None
    currency: str
    status: Literal["open"] = "open"
    reason: str | None
    due_at: str | None
    total_amount: int
    paid_amount: int
    carried_amount: int
    lines: list[PayoutLineView]
    next_cursor: str | None
    sums: SumsView


class PayoutList(BaseModel):
    """Payouts, the newest first."""

    items: list[PayoutSummary]
    next_cursor: str | None
