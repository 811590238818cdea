"""Line-item refunds come to the price of the line, in any order and with any failure."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import AmountTooSmallError, ShippingNotRefundableError
from shared.domain.order import SHIPPING_LINE_ID, OrderLine, OrderState
from shared.domain.refund import Refund, RefundType
from shared.domain.refund_quote import ChosenLine, RefundChoice, RefundQuote, quote_refund
from shared.domain.reservation import release, reserve

from .orders import Sold, half_up, hundred_dollars, reserved, sold, sold_orders
from .settlements import one_unit


@given(
    quantity=st.integers(1, 40),
    more=st.integers(0, 50_000),
    failing=st.integers(0, 39),
    currency=st.sampled_from(["usd", "jpy"]),
)
def test_refunds_of_single_units_add_up_to_the_line_even_when_one_fails(
    quantity: int, more: int, failing: int, currency: str
) -> None:
    # At least one minor unit each: a cheaper unit cannot be refunded alone.
    line = OrderLine("li_1", quantity, quantity + more)
    sale = sold(line, OrderLine("li_2", 1, 500), currency=currency)
    state, failed = sale.state, None
    for number in range(quantity):
        quote = quote_refund(sale.order, state, one_unit())
        state, refund = reserved(sale, state, f"rf_{number}", quote)
        assert abs(Fraction(line.net_amount, quantity) - quote.amount) < 1
        if number == failing:
            failed = refund
    assert state.committed_amount == state.line_committed("li_1").amount == line.net_amount
    if failed is not None:
        state = release(state, failed)
        quote = quote_refund(sale.order, state, one_unit())
        assert quote.amount == failed.amount
        state, _ = reserved(sale, state, "rf_again", quote)
    assert state.line_committed("li_1").amount == line.net_amount
    assert state.line_refundable_quantity(line) == 0


@given(quantity=st.integers(1, 20), net=st.integers(0, 400), data=st.data())
def test_refunds_add_up_to_the_line_whatever_fails_and_however_cheap_its_units_are(
    quantity: int, net: int, data: st.DataObject
) -> None:
    line = OrderLine("li_1", quantity, net)
    sale = sold(line, OrderLine("li_2", 1, 500))
    state = sale.state
    alive: list[Refund] = []
    for number in range(data.draw(st.integers(0, 25), "steps")):
        fails = data.draw(st.integers(-len(alive) - 1, len(alive) - 1), "fails, if any")
        if fails >= 0:
            state = release(state, alive.pop(fails))
            continue
        quote = smallest_quote(sale, state, line)
        if quote is None:
            break
        state, refund = reserved(sale, state, f"rf_{number}", quote)
        alive.append(refund)
    while quote := smallest_quote(sale, state, line):
        state, _ = reserved(sale, state, "rf_last", quote)
    assert state.line_committed("li_1").amount == net


def smallest_quote(sale: Sold, state: OrderState, line: OrderLine) -> RefundQuote | None:
    """Quote the fewest units of the line that are worth anything, or return None."""
    for units in range(1, state.line_refundable_quantity(line) + 1):
        choice = RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine(line.line_id, units),))
        try:
            return quote_refund(sale.order, state, choice)
        except AmountTooSmallError:
            continue
    return None


@given(sale=sold_orders())
def test_all_units_of_all_lines_and_shipping_add_up_to_the_order(sale: Sold) -> None:
    lines = [line for line in sale.order.lines if line.line_id != SHIPPING_LINE_ID]
    choice = RefundChoice(
        RefundType.LINE_ITEMS,
        lines=tuple(ChosenLine(line.line_id, line.quantity) for line in lines),
        shipping=sale.order.line(SHIPPING_LINE_ID) is not None,
    )
    quote = quote_refund(sale.order, sale.state, choice)
    assert quote.amount == sale.order.total_amount
    reserved_state = reserve(sale.state, "rf_1", quote, stop_print=False)
    assert all(reserved_state.line_refundable_quantity(line) == 0 for line in lines)


@given(quantity=st.integers(1, 30), net=st.integers(0, 5_000))
def test_units_refunded_together_cost_the_cumulative_share(quantity: int, net: int) -> None:
    line = OrderLine("li_1", quantity, net)
    state = sold(line, OrderLine("li_2", 1, 500)).state
    together = [state.line_refund_amount(line, units) for units in range(1, quantity + 1)]
    assert together == [half_up(Fraction(net * k, quantity)) for k in range(1, quantity + 1)]
    assert together == sorted(together)


def test_a_release_restores_the_state_before_the_reservation() -> None:
    sale = hundred_dollars()
    state, refund = reserved(
        sale, sale.state, "rf_1", quote_refund(sale.order, sale.state, one_unit())
    )
    assert state != sale.state
    assert release(state, refund) == sale.state


def test_shipping_is_refunded_whole_and_once() -> None:
    sale = sold(OrderLine("li_1", 1, 1_000), OrderLine(SHIPPING_LINE_ID, 1, 799))
    shipping = RefundChoice(RefundType.LINE_ITEMS, shipping=True)
    quote = quote_refund(sale.order, sale.state, shipping)
    assert quote.amount == 799
    state, _ = reserved(sale, sale.state, "rf_1", quote)
    with pytest.raises(ShippingNotRefundableError):
        quote_refund(sale.order, state, shipping)


def test_free_shipping_cannot_be_refunded() -> None:
    sale = hundred_dollars()
    with pytest.raises(ShippingNotRefundableError):
        quote_refund(sale.order, sale.state, RefundChoice(RefundType.LINE_ITEMS, shipping=True))


def test_after_a_partial_refund_a_line_shows_what_is_left_of_the_order() -> None:
    sale = hundred_dollars()
    state, _ = reserved(sale, sale.state, "rf_1", RefundQuote("ch_1", 9_000))
    assert [state.line_refundable_amount(line) for line in sale.order.lines] == [1_000, 1_000]
