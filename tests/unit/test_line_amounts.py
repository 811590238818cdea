"""The lines of a preview show price, discount and tax, which add up to the amount."""

from hypothesis import given
from hypothesis import strategies as st

from functions.refund_request.line_amounts import line_amounts
from shared.domain.imported_order import ChargeIds, ImportedOrder, Parent, Product
from shared.domain.order import OrderState
from shared.domain.refund import RefundType
from shared.domain.refund_quote import ChosenLine, RefundChoice, quote_refund
from tests.unit.orders import AT


def imported(product: Product, shipping: int = 0, shipping_tax: int = 0) -> ImportedOrder:
    return ImportedOrder(
        order_id="ord_1",
        subjects=(),
        photo_day=None,
        products=(product,),
        shipping_amount=shipping,
        shipping_tax_amount=shipping_tax,
        charge=ChargeIds("ch_1"),
        studio_id="st_1",
        placed_at=AT,
        currency="usd",
        parent=Parent("Dana"),
        total_amount=product.net_amount + shipping + shipping_tax,
        rev_share_amount=0,
        stripe_fee_amount=0,
    )


def state_of(order: ImportedOrder) -> OrderState:
    return OrderState("ord_1", "st_1", "usd", order.total_amount, 0, 0)


def test_a_line_shows_its_price_discount_and_tax() -> None:
    order = imported(Product("li_1", "Print 8x10", "p", 3, 2_500, 300, 90), 500, 40)
    choice = RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine("li_1", 2),), shipping=True)
    first, shipping = line_amounts(order, quote_refund(order.order, state_of(order), choice))
    assert (first.product, first.quantity) == ("Print 8x10", 2)
    assert (first.price_amount, first.discount_amount, first.tax_amount) == (5_000, 200, 60)
    assert first.amount == 4_860
    assert (shipping.product, shipping.price_amount, shipping.tax_amount) == ("Shipping", 500, 40)


@given(
    quantity=st.integers(1, 12),
    unit=st.integers(100, 6_000),
    discounted=st.integers(0, 50),
    tax=st.integers(0, 900),
    data=st.data(),
)
def test_the_parts_add_up_in_any_order_of_refunds(
    quantity: int, unit: int, discounted: int, tax: int, data: st.DataObject
) -> None:
    gross = quantity * unit
    product = Product("li_1", "Print", "p", quantity, unit, gross * discounted // 100, tax)
    order = imported(product, shipping=100)
    state, left = state_of(order), quantity
    while left:
        units = data.draw(st.integers(1, left))
        choice = RefundChoice(
            RefundType.LINE_ITEMS, lines=(ChosenLine("li_1", units),), shipping=left == quantity
        )
        quote = quote_refund(order.order, state, choice) if state.refundable_amount else None
        if quote is None:
            break
        for line in line_amounts(order, quote):
            assert line.amount == line.price_amount - line.discount_amount + line.tax_amount
            assert line.discount_amount >= 0
        state, left = state.with_reservation(quote.amount, quote.items), left - units
