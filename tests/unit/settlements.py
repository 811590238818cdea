"""Refunds that are settled, and settled refunds that fail late, by the domain's own functions."""

from dataclasses import replace

from shared.domain.order import OrderState
from shared.domain.refund import RefundStatus, RefundType
from shared.domain.refund_quote import ChosenLine, RefundChoice, RefundQuote
from shared.domain.settlement import Settlement, settle

from .orders import AT, Sold, reserved, succeeded


def one_unit(line_id: str = "li_1") -> RefundChoice:
    """Return the choice of one unit of a line."""
    return RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine(line_id, 1),))


def settled(sale: Sold, state: OrderState, refund_id: str, amount: int) -> Settlement:
    """Reserve, confirm and settle a refund of that amount."""
    state, refund = reserved(sale, state, refund_id, RefundQuote("ch_1", amount))
    return settle(state, succeeded(refund), AT, "payout_adjust")


def failed_late(settlement: Settlement, seq: int) -> Settlement:
    """Fail a settled refund at Stripe, and settle the failure."""
    refund = replace(settlement.refund, settled_seq=seq)
    return settle(
        settlement.state,
        refund.with_status(RefundStatus.FAILED, AT, "stripe_webhook"),
        AT,
        "payout_adjust",
    )
