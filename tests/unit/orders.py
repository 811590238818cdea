"""Orders and refunds for the tests, and an oracle that rounds in another way than the domain."""

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import strategies as st

from shared.domain.order import SHIPPING_LINE_ID, Order, OrderLine, OrderState
from shared.domain.record_source import RecordSource
from shared.domain.refund import Refund, RefundStatus, RefundType
from shared.domain.refund_quote import RefundChoice, RefundQuote
from shared.domain.reservation import reserve
from shared.domain.tax import TaxPart, TaxParts

AT = "2026-10-14T17:04:00.000Z"

STUDIO = "st_1"
ORDER = "ord_1"
CURRENCIES = ("usd", "eur", "jpy")

FULL = RefundChoice(RefundType.FULL)


def half_up(amount: Fraction) -> int:
    """Round a positive amount half up, with decimals instead of the domain's integers."""
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Sold:
    """An order and its state just after import."""

    order: Order
    state: OrderState


def sold(
    *lines: OrderLine,
    rev_share: int = 0,
    stripe_fee: int = 0,
    currency: str = "usd",
    direct: bool = False,
) -> Sold:
    """Return an order of these lines, charged on the platform or directly."""
    order = Order(
        order_id=ORDER,
        studio_id=STUDIO,
        currency=currency,
        total_amount=sum(line.net_amount for line in lines),
        rev_share_amount=rev_share,
        stripe_fee_amount=stripe_fee,
        lines=lines,
        charge_id="ch_1",
        account_id="acct_1" if direct else None,
        application_fee_id="fee_1" if direct else None,
    )
    state = OrderState(
        order_id=order.order_id,
        studio_id=order.studio_id,
        currency=order.currency,
        total_amount=order.total_amount,
        rev_share_amount=order.rev_share_amount,
        stripe_fee_amount=order.stripe_fee_amount,
        account_id=order.account_id,
        application_fee_id=order.application_fee_id,
        placed_at=AT,
        tax_amount=order.tax_amount,
        tax_parts=order.tax_parts,
        print_units=order.print_units,
    )
    return Sold(order, state)


def renamed(sale: Sold, order_id: str, currency: str) -> Sold:
    """Return the same order with another id and another currency."""
    return Sold(
        replace(sale.order, order_id=order_id, currency=currency),
        replace(sale.state, order_id=order_id, currency=currency),
    )


def hundred_dollars(*, direct: bool = False) -> Sold:
    """Return the order of the product's example: $100.00, 15 % rev share, $3.20 Stripe fee."""
    return sold(
        OrderLine("li_1", 1, 7500),
        OrderLine("li_2", 1, 2500),
        rev_share=1500,
        stripe_fee=320,
        direct=direct,
    )


def refund_of(sale: Sold, refund_id: str, amount: int) -> Refund:
    """Return a refund of the order, just requested."""
    return Refund(
        refund_id=refund_id,
        order_id=sale.order.order_id,
        studio_id=sale.order.studio_id,
        type=RefundType.PARTIAL,
        status=RefundStatus.REQUESTED,
        amount=amount,
        currency=sale.order.currency,
        charge_id="ch_1",
        requested_by="ana",
        requested_at=AT,
        source=RecordSource.API,
        correlation_id="c_1",
        account_id=sale.order.account_id,
    )


def reserved(
    sale: Sold, state: OrderState, refund_id: str, quote: RefundQuote
) -> tuple[OrderState, Refund]:
    """Reserve the quote; return the order's state and the refund."""
    refund = replace(
        refund_of(sale, refund_id, quote.amount),
        items=quote.items,
        item_tax_parts=quote.item_tax_parts,
    )
    return reserve(state, refund_id, quote, stop_print=False), refund


def succeeded(refund: Refund) -> Refund:
    """Return the refund once Stripe has confirmed it."""
    return refund.with_status(RefundStatus.SUCCEEDED, AT, "stripe_webhook")


@st.composite
def order_lines(draw: st.DrawFn, line_id: str) -> OrderLine:
    """Draw a line with discount and tax; also free lines, and lines of less than a cent a unit."""
    quantity = draw(st.integers(1, 12))
    gross = quantity * draw(st.integers(0, 6_000))
    discount = draw(st.one_of(st.just(0), st.integers(0, gross)))
    tax = draw(st.integers(0, 900))
    return OrderLine(line_id, quantity, gross - discount + tax, tax)


# Two jurisdictions have the same rate, and one has two rates.
TAXES = (("US-IL", "6.25"), ("US-IL Cook", "1.75"), ("DE", "19"), ("DE", "7"), ("US-NV", "1.75"))


@st.composite
def taxes_of(draw: st.DrawFn, tax_amount: int) -> TaxParts:
    """Draw the parts of a tax: up to three jurisdictions or rates that add up to it."""
    count = draw(st.integers(1, 3))
    cuts = sorted(
        draw(st.lists(st.integers(0, tax_amount), min_size=count - 1, max_size=count - 1))
    )
    amounts = [end - start for start, end in pairwise([0, *cuts, tax_amount])]
    taxes = draw(st.lists(st.sampled_from(TAXES), min_size=count, max_size=count))
    return tuple(TaxPart(*tax, amount) for tax, amount in zip(taxes, amounts, strict=True))


@st.composite
def with_taxes(draw: st.DrawFn, lines: list[OrderLine]) -> list[OrderLine]:
    """Draw the parts of each line's tax, as an import that gives them does."""
    return [replace(line, taxes=draw(taxes_of(line.tax_amount))) for line in lines]


@st.composite
def sold_orders(draw: st.DrawFn) -> Sold:
    """Draw any order that the import accepts: each currency, platform and direct charges."""
    count = draw(st.integers(1, 4))
    lines = [draw(order_lines(f"li_{number}")) for number in range(1, count + 1)]
    shipping = draw(st.one_of(st.just(0), st.integers(1, 2_000)))
    if shipping or not sum(line.net_amount for line in lines):
        lines.append(OrderLine(SHIPPING_LINE_ID, 1, max(1, shipping), shipping // 5))
    if draw(st.booleans()):
        lines = draw(with_taxes(lines))
    total = sum(line.net_amount for line in lines)
    tier = draw(st.sampled_from([7, 10, 15]))
    return sold(
        *lines,
        rev_share=draw(st.one_of(st.just(total * tier // 100), st.integers(0, total))),
        stripe_fee=draw(st.one_of(st.just(total * 29 // 1000), st.integers(0, total))),
        currency=draw(st.sampled_from(CURRENCIES)),
        direct=draw(st.booleans()),
    )
