"""What a refund would do, without doing it."""

from dataclasses import dataclass

from shared.auth import Caller
from shared.domain.order import OrderTotals
from shared.domain.refund import RefundChoice, RefundQuote, quote_refund, warnings_for
from shared.domain.settlement import Effect, estimate, payable_effect
from shared.gateways.books import Books
from shared.gateways.orders_table import OrdersTable
from shared.workflow.order_of import order_of


@dataclass(frozen=True, slots=True)
class Preview:
    """What the refund would come to; minor units."""

    quote: RefundQuote
    effect: Effect
    totals: OrderTotals
    next_payout_before_amount: int
    next_payout_after_amount: int
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class PreviewRefund:
    """Shows what a refund would do to parent, studio and PPS."""

    orders: OrdersTable
    books: Books

    def __call__(self, caller: Caller, order_id: str, choice: RefundChoice) -> Preview:
        """Return what the choice would do now.

        A print in production is a warning here, so that staff can decide what to do about it.

        Raises:
            RefundError: The request would be refused.
        """
        record = order_of(self.orders, caller, order_id)
        quote = quote_refund(record.order, record.totals, choice)
        effect = estimate(record.totals, quote.amount)
        head = self.books.load_head(caller.studio_id)
        before = head.payable_balance_amount if head else 0
        return Preview(
            quote,
            effect,
            record.totals,
            before,
            before + payable_effect(record.totals, effect),
            _warnings(caller, record.totals, quote),
        )


def _warnings(caller: Caller, totals: OrderTotals, quote: RefundQuote) -> list[str]:
    limit = caller.refund_limit
    over = limit is not None and totals.out_amount + quote.amount > limit
    return [*warnings_for(totals), *(["refund_limit_exceeded"] if over else [])]
