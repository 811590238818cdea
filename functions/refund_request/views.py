"""Responses of refunds. Amounts in minor units."""

from functions.refund_request.line_amounts import LineAmounts
from functions.refund_request.preview_refund import Preview
from shared.views.view import View


class NoticeView(View):
    """What to know before refunding. A request is refused while one is ``blocking``."""

    code: str
    blocking: bool
    detail: str


class LinePreview(View):
    """What goes back of a line: ``amount`` is the price less the discount plus the tax."""

    line_id: str
    product: str
    quantity: int
    price_amount: int
    discount_amount: int
    tax_amount: int
    amount: int


class PreviewView(View):
    """What the refund would do. Amounts are estimates until the refund settles.

    ``lines`` are the chosen lines of a line-item refund. ``tax_amount`` is the tax in the refund.
    ``notices`` are the ``warnings`` in words, and ``blocking`` says that a request would be
    refused. ``stops_print`` says that the refund takes its units off the print queue.
    ``refund_limit_amount`` is the most of one order that the caller may refund, null for no limit.
    ``next_payout_in_flight_amount`` is what refunds that have not settled yet will still take from
    the next payout. The warnings count it.
    """

    refund_amount: int
    currency: str
    refundable_amount_before: int
    refundable_amount_after: int
    rev_share_reversed_amount: int
    stripe_fee_retained_amount: int
    net_deduction_amount: int
    tax_amount: int
    lines: list[LinePreview]
    next_payout_date: str | None
    next_payout_before_amount: int
    next_payout_after_amount: int
    next_payout_in_flight_amount: int
    warnings: list[str]
    notices: list[NoticeView]
    blocking: bool
    stops_print: bool
    refund_limit_amount: int | None


def preview_view(preview: Preview) -> PreviewView:
    """Return a preview as the API shows it."""
    amount = preview.quote.amount
    before = preview.state.refundable_amount
    return PreviewView(
        refund_amount=amount,
        currency=preview.state.currency,
        refundable_amount_before=before,
        refundable_amount_after=before - amount,
        rev_share_reversed_amount=preview.effect.rev_share_reversed_amount,
        stripe_fee_retained_amount=preview.effect.stripe_fee_retained_amount,
        net_deduction_amount=preview.effect.net_deduction_amount,
        tax_amount=preview.tax_amount,
        lines=[_line(line) for line in preview.lines],
        next_payout_date=preview.next_payout_date and preview.next_payout_date.isoformat(),
        next_payout_before_amount=preview.next_payout.before_amount,
        next_payout_after_amount=preview.next_payout.after_amount,
        next_payout_in_flight_amount=preview.next_payout.in_flight_amount,
        warnings=[warning.value for warning in preview.warnings],
        notices=[
            NoticeView(code=notice.code, blocking=notice.blocking, detail=notice.detail)
            for notice in preview.notices
        ],
        blocking=any(notice.blocking for notice in preview.notices),
        stops_print=preview.stops_print,
        refund_limit_amount=preview.limit_amount,
    )


def _line(line: LineAmounts) -> LinePreview:
    return LinePreview(
        line_id=line.line_id,
        product=line.product,
        quantity=line.quantity,
        price_amount=line.price_amount,
        discount_amount=line.discount_amount,
        tax_amount=line.tax_amount,
        amount=line.amount,
    )
