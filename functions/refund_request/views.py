"""Responses of refunds. Amounts in minor units."""

from pydantic import BaseModel

from functions.refund_request.preview_refund import Preview


class PreviewView(BaseModel):
    """What the refund would do. Amounts are estimates until the refund settles.

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
    next_payout_before_amount: int
    next_payout_after_amount: int
    next_payout_in_flight_amount: int
    warnings: list[str]


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
        next_payout_before_amount=preview.next_payout.before_amount,
        next_payout_after_amount=preview.next_payout.after_amount,
        next_payout_in_flight_amount=preview.next_payout.in_flight_amount,
        warnings=[warning.value for warning in preview.warnings],
    )
