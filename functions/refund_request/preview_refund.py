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
from shared.domain.studio import Studio
from shared.edge.auth import Caller
from shared.workflow.refund_limit import is_beyond_limit


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
        studio = self.payout_impact.load_studio(record.state.studio_id)
        next_payout = self.payout_impact.effect(studio, record.state, effect)
        warnings = [*_warnings(caller, studio, record.state, quote), *next_payout.warnings]
        return Preview(quote, effect, record.state, next_payout, warnings)


def _warnings(
    caller: Caller, studio: Studio, state: OrderState, quote: RefundQuote
) -> list[RefundWarning]:
    warnings = list(print_warnings(state))
    if any(each.is_inquiry for each in state.disputes):
        warnings.append(RefundWarning.DISPUTE_INQUIRY)
    if is_beyond_limit(caller, studio, state.committed_amount + quote.amount):
        warnings.append(RefundWarning.REFUND_LIMIT_EXCEEDED)
    return warnings
