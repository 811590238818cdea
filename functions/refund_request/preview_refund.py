"""Previewing a refund: what it would do. No refund is made."""

from dataclasses import dataclass

from functions.refund_request.payout_impact import NextPayoutEffect, PayoutImpact
from functions.refund_request.read_charge import ChargeReader
from shared.domain.order import OrderState
from shared.domain.refund_quote import (
    RefundChoice,
    RefundQuote,
    RefundWarning,
    print_warnings,
    quote_refund,
)
from shared.domain.settlement import Effect, estimate
from shared.edge.auth import Caller


@dataclass(frozen=True, slots=True)
class Preview:
    """What a refund would do. Amounts in minor units."""

    quote: RefundQuote
    effect: Effect
    state: OrderState
    next_payout: NextPayoutEffect
    warnings: list[RefundWarning]


@dataclass(frozen=True, slots=True)
class PreviewRefund:
    """Shows what a refund would do to parent, studio and PPS."""

    payout_impact: PayoutImpact
    charge_reader: ChargeReader

    def __call__(self, caller: Caller, order_id: str, choice: RefundChoice) -> Preview:
        """Return what the choice would do now.

        A print in production gives a warning, so that staff can decide what to do about it. So
        does a next payout below zero.

        Raises:
            DomainError: The request would be refused.
        """
        record = self.charge_reader.load_order(caller, order_id)
        quote = quote_refund(record.order, record.state, choice)
        effect = estimate(record.state, quote.amount)
        next_payout = self.payout_impact.effect(record.state, effect)
        warnings = [*_warnings(caller, record.state, quote), *next_payout.warnings]
        return Preview(quote, effect, record.state, next_payout, warnings)


def _warnings(caller: Caller, state: OrderState, quote: RefundQuote) -> list[RefundWarning]:
    warnings = list(print_warnings(state))
    limit = caller.refund_limit
    if any(each.is_inquiry for each in state.disputes):
        warnings.append(RefundWarning.DISPUTE_INQUIRY)
    if limit is not None and state.committed_amount + quote.amount > limit:
        warnings.append(RefundWarning.REFUND_LIMIT_EXCEEDED)
    return warnings
