"""Refunds of an order whose print is under way."""

from dataclasses import replace

from shared.domain.order import OrderState
from shared.domain.record_source import RecordSource
from shared.domain.refund import Refund, RefundType
from shared.domain.refund_quote import (
    ChosenLine,
    RefundChoice,
    check_fulfillment,
    quote_refund,
    stops_print,
)
from shared.domain.reservation import reserve

from .orders import Sold, refund_of

ANA, BEN = "ana", "ben"


def refunded(
    sale: Sold, state: OrderState, refund_id: str, choice: RefundChoice
) -> tuple[OrderState, Refund]:
    """Reserve a refund as a request does, and return the state and the refund."""
    quote = quote_refund(sale.order, state, choice)
    check_fulfillment(state, choice, quote)
    stop = stops_print(state, choice, quote)
    refund = replace(
        refund_of(sale, refund_id, quote.amount),
        type=choice.type,
        items=quote.items,
        stop_print=stop,
        keep_print=choice.keep_print,
    )
    return reserve(state, refund_id, quote, stop_print=stop), refund


def line_items(*chosen: tuple[str, int], shipping: bool = False) -> RefundChoice:
    """Return a choice of lines, each with its number of units."""
    return RefundChoice(
        RefundType.LINE_ITEMS, lines=tuple(ChosenLine(*each) for each in chosen), shipping=shipping
    )


def external(sale: Sold, refund_id: str, amount: int) -> Refund:
    """Return a refund that was made in Stripe's dashboard."""
    return replace(refund_of(sale, refund_id, amount), source=RecordSource.STRIPE)
