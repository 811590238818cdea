"""What staff should know before they refund, in words, and whether it keeps them from it."""

from dataclasses import dataclass

from shared.domain.errors import FulfillmentInProgressError
from shared.domain.fulfillment import is_unprinted
from shared.domain.order import FulfillmentStatus, OrderState
from shared.domain.refund import RefundType
from shared.domain.refund_quote import (
    RefundChoice,
    RefundQuote,
    RefundWarning,
    check_fulfillment,
    print_warnings,
)
from shared.domain.stops import Activity, Stops
from shared.domain.studio import OnNegativeLimit, Studio

_WORDS = {
    RefundWarning.ALREADY_SHIPPED: (
        "The print has been shipped. You can refund the order, but the parent keeps the print."
    ),
    RefundWarning.DISPUTE_INQUIRY: (
        "The parent's bank asks about this charge. Refund the order to avoid a dispute."
    ),
    RefundWarning.REFUND_LIMIT_EXCEEDED: (
        "This is more than your role may refund of one order. Refund less, or ask your studio's "
        "owner."
    ),
    RefundWarning.STRIPE_BALANCE_LOW: (
        "Another refund of this order waits because Stripe's balance is too low. This one may wait "
        "too. We will keep trying."
    ),
    RefundWarning.NEXT_PAYOUT_NEGATIVE: (
        "With this refund your next payout is below zero. Later sales make up for it."
    ),
    RefundWarning.NEGATIVE_BALANCE_LIMIT: (
        "With this refund your next payout is further below zero than your studio's limit."
    ),
}
_REFUSED_AT_LIMIT = (
    "This refund would bring your next payout below your studio's limit, and your studio refuses "
    "such refunds. Refund less, or wait for more sales."
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What staff should know before they refund. A request is refused if it is ``blocking``."""

    code: RefundWarning
    blocking: bool
    detail: str


def notices_of(
    warnings: list[RefundWarning],
    studio: Studio,
    state: OrderState,
    choice: RefundChoice,
    quote: RefundQuote,
) -> list[Notice]:
    """Return the warnings of a preview in words, in the same order.

    Args:
        warnings: The warnings.
        studio: The order's studio.
        state: The order's state.
        choice: What the caller wants refunded.
        quote: The money and units of it.
    """
    refuses = studio.on_negative_limit is OnNegativeLimit.REFUSE
    found = []
    for code in warnings:
        blocking, detail = False, _WORDS.get(code, "")
        match code:
            case RefundWarning.FULFILLMENT_IN_PROGRESS:
                blocking, detail = _about_print(state, choice, quote)
            case RefundWarning.REFUND_LIMIT_EXCEEDED:
                blocking = True
            case RefundWarning.NEGATIVE_BALANCE_LIMIT if refuses:
                blocking, detail = True, _REFUSED_AT_LIMIT
        found.append(Notice(code, blocking, detail))
    return found


def stop_notices(stops: Stops, studio_id: str) -> list[Notice]:
    """Return that PPS has stopped refunds, in words, if it has."""
    stop = stops.find(Activity.REFUNDS, studio_id)
    return [Notice(RefundWarning.REFUNDS_STOPPED, blocking=True, detail=stop.words)] if stop else []


def print_and_inquiry_warnings(state: OrderState) -> list[RefundWarning]:
    """Return what staff should know about the print and about disputes before they refund."""
    warnings = list(print_warnings(state))
    if any(each.is_inquiry for each in state.disputes):
        warnings.append(RefundWarning.DISPUTE_INQUIRY)
    return warnings


def _about_print(state: OrderState, choice: RefundChoice, quote: RefundQuote) -> tuple[bool, str]:
    is_claimed = state.fulfillment_status == FulfillmentStatus.CLAIMED
    now = "An operator has claimed the print." if is_claimed else "The print is already printed."
    try:
        check_fulfillment(state, choice, quote)
    except FulfillmentInProgressError:
        return True, f"{now} Cancel fulfillment first, or choose to keep printing."
    if choice.keep_print:
        return False, f"{now} It goes on, as you chose."
    if choice.type is RefundType.LINE_ITEMS and is_unprinted(state):
        return False, f"{now} The refunded units are taken off it."
    return False, f"{now} It goes on."
