"""What goes back of each line of a line-item refund, with its discount and tax."""

from dataclasses import dataclass

from shared.domain.imported_order import ImportedOrder
from shared.domain.refund_quote import RefundQuote


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """Units of a line that would go back; amounts in minor units.

    ``amount`` = ``price_amount`` - ``discount_amount`` + ``tax_amount``.
    """

    line_id: str
    product: str
    quantity: int
    price_amount: int
    discount_amount: int
    tax_amount: int
    amount: int


def line_amounts(imported: ImportedOrder, quote: RefundQuote) -> list[LineAmounts]:
    """Return the chosen lines of a quote in the order's words, shipping included.

    The discount takes up the rounding, so that the three parts always add up to the amount.
    """
    unit_amounts = {each.line_id: each.unit_amount for each in imported.products}
    names = imported.product_names
    found = []
    for item in quote.items:
        untaxed = item.amount - item.tax_amount
        full_price = unit_amounts.get(item.line_id, untaxed) * item.quantity
        discount = max(0, full_price - untaxed)
        found.append(
            LineAmounts(
                line_id=item.line_id,
                product=names[item.line_id],
                quantity=item.quantity,
                price_amount=untaxed + discount,
                discount_amount=discount,
                tax_amount=item.tax_amount,
                amount=item.amount,
            )
        )
    return found
