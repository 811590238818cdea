"""What a refund would do, without doing it."""

from dataclasses import dataclass

from functions.refund_request.next_payout import NextPayout, NextPayoutEffect
from shared.auth import Caller
from shared.domain.order import OrderTotals
from shared.domain.refund import RefundChoice, RefundQuote, quote_refund, warnings_for
from shared.domain.settlement import Effect, estimate
from shared.gateways.orders_table import OrdersTable
from shared.workflow.order_of import order_of


@dataclass(frozen=True, slots=True)
class Preview:
    """What the refund would come to; minor units."""

    quote: RefundQuote
    effect: Effect
    totals: OrderTotals
    next_payout: NextPayoutEffect
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class PreviewRefund:
    """Shows what a refund would do to parent, studio and PPS."""

    orders: OrdersTable
    next_payout: NextPayout

    def __call__(self, caller: Caller, order_id: str, choice: RefundChoice) -> Preview:
        """Return what the choice would do now.

        A print in production is a warning here, so that staff can decide what to do about it, and
        so is a next payout below zero.

        Raises:
            RefundError: The request would be refused.
        """
        record = order_of(self.orders, caller, order_id)
        quote = quote_refund(record.order, record.totals, choice)
        effect = estimate(record.totals, quote.amount)
        next_payout = self.next_payout.effect(record.totals, effect)
        warnings = [*_warnings(caller, record.totals, quote), *next_payout.warnings]
        return Preview(quote, effect, record.totals, next_payout, warnings)


def _warnings(caller: Caller, totals: OrderTotals, quote: RefundQuote) -> list[str]:
    limit = caller.refund_limit
    over = limit is not None and totals.out_amount + quote.amount > limit
    return [*warnings_for(totals), *(["refund_limit_exceeded"] if over else [])]
