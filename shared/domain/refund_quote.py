"""The quote of a requested refund: its money and units, and the reasons to refuse it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.errors import (
    AmountExceedsRefundableError,
    AmountTooSmallError,
    ChargeDisputedError,
    FulfillmentInProgressError,
    NothingRefundableError,
    OrderNotChargedError,
    OrderNotPaidError,
    QuantityExceedsRefundableError,
    RefundableAmountChangedError,
    ShippingNotRefundableError,
    UnknownLineError,
)
from shared.domain.fulfillment import IN_PROGRESS, is_unprinted
from shared.domain.money import money_text
from shared.domain.order import (
    SHIPPING_LINE_ID,
    FulfillmentStatus,
    Order,
    OrderLine,
    OrderState,
    RefundItem,
)
from shared.domain.payment_status import PAYMENT_WORDS, PaymentStatus
from shared.domain.refund import RefundType
from shared.domain.tax import TaxParts, added_up


class RefundWarning(StrEnum):
    """What staff should know before they refund. A preview shows it and refuses nothing."""

    FULFILLMENT_IN_PROGRESS = "fulfillment_in_progress"
    ALREADY_SHIPPED = "already_shipped"
    REFUND_LIMIT_EXCEEDED = "refund_limit_exceeded"
    STRIPE_BALANCE_LOW = "stripe_balance_low"
    NEXT_PAYOUT_NEGATIVE = "next_payout_negative"
    NEGATIVE_BALANCE_LIMIT = "negative_balance_limit"
    DISPUTE_INQUIRY = "dispute_inquiry"
    REFUNDS_STOPPED = "refunds_stopped"


@dataclass(frozen=True, slots=True)
class ChosenLine:
    """Units of a line that the caller wants refunded."""

    line_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class RefundChoice:
    """What the caller wants refunded. Its form is already checked; ``amount`` in minor units.

    ``keep_print`` refunds without stopping the print.
    """

    type: RefundType
    amount: int | None = None
    lines: tuple[ChosenLine, ...] = ()
    shipping: bool = False
    keep_print: bool = False
    expected_refundable_amount: int | None = None


@dataclass(frozen=True, slots=True)
class RefundQuote:
    """The money that a choice refunds now, in minor units, and the units of each line.

    ``item_tax_parts`` are the parts of the tax in the units, if the order's import gave them.
    """

    charge_id: str
    amount: int
    items: tuple[RefundItem, ...] = ()
    item_tax_parts: TaxParts = ()


def quote_refund(order: Order, state: OrderState, choice: RefundChoice) -> RefundQuote:
    """Return the money and units that the choice refunds now.

    Raises:
        OrderNotChargedError: There is no charge to refund.
        OrderNotPaidError: The money is not there.
        ChargeDisputedError: The charge is disputed, or the dispute was lost.
        RefundableAmountChangedError: The amount left is not ``expected_refundable_amount``.
        NothingRefundableError: Nothing is left.
        UnknownLineError, QuantityExceedsRefundableError, ShippingNotRefundableError,
            AmountTooSmallError, AmountExceedsRefundableError: The choice does not fit the order.
    """
    charge_id = _require_payment(order, state)
    left = state.refundable_amount
    expected = choice.expected_refundable_amount
    if expected is not None and expected != left:
        raise RefundableAmountChangedError(
            f"{money_text(left, order.currency)} can be refunded now, not "
            f"{money_text(expected, order.currency)}. Check the order, then repeat the request "
            "with a new Idempotency-Key."
        )
    _require_something_left(state)
    items = _quote_items(order, state, choice)
    amount = _quote_amount(state, choice, items)
    if amount > left:
        raise AmountExceedsRefundableError(
            f"You asked for {money_text(amount, order.currency)}. Only "
            f"{money_text(left, order.currency)} of this order can still be refunded."
        )
    if amount <= 0:
        raise AmountTooSmallError(
            "The chosen items come to 0 in the currency's smallest unit. Choose more units, or "
            "items that have a price."
        )
    return RefundQuote(charge_id, amount, items, _tax_parts(order, state, items))


def require_refundable(order: Order, state: OrderState) -> None:
    """Check that some refund of the order is possible now.

    Raises:
        OrderNotChargedError, OrderNotPaidError, ChargeDisputedError, NothingRefundableError: None
            is.
    """
    _require_payment(order, state)
    _require_something_left(state)


def _require_something_left(state: OrderState) -> None:
    if state.refundable_amount == 0:
        raise NothingRefundableError("All of this order is already refunded or in flight.")


def _require_payment(order: Order, state: OrderState) -> str:
    """Return the charge's id, if the money is there and Stripe may give it back."""
    if order.charge_id is None:
        raise OrderNotChargedError(
            "This order was not charged through Stripe, so there is nothing to refund."
        )
    if state.payment_status is not PaymentStatus.PAID:
        raise OrderNotPaidError(PAYMENT_WORDS[state.payment_status])
    if state.blocks_refunds:
        raise ChargeDisputedError(
            "The parent disputes this charge with their bank, so Stripe refuses to refund it. "
            "Answer the dispute in Stripe. You can refund if it is closed in the studio's favor."
        )
    return order.charge_id


def _quote_items(order: Order, state: OrderState, choice: RefundChoice) -> tuple[RefundItem, ...]:
    if choice.type is not RefundType.LINE_ITEMS:
        return ()
    lines = {line.line_id: line for line in order.lines if line.line_id != SHIPPING_LINE_ID}
    items = tuple(_quote_item(lines, state, chosen) for chosen in choice.lines)
    return (*items, _quote_shipping(order, state)) if choice.shipping else items


def _quote_amount(state: OrderState, choice: RefundChoice, items: tuple[RefundItem, ...]) -> int:
    match choice.type:
        case RefundType.FULL:
            return state.refundable_amount
        case RefundType.PARTIAL:
            return choice.amount or 0
        case RefundType.LINE_ITEMS:
            return sum(item.amount for item in items)


def _quote_item(
    lines: Mapping[str, OrderLine], state: OrderState, chosen: ChosenLine
) -> RefundItem:
    line = lines.get(chosen.line_id)
    if line is None:
        raise UnknownLineError(f"This order has no line {chosen.line_id!r}.")
    left = line.quantity - state.line_committed(chosen.line_id).quantity
    if chosen.quantity > left:
        raise QuantityExceedsRefundableError(
            f"You asked for {chosen.quantity} of {line.product}. {left} of {line.quantity} can "
            "still be refunded. Choose no more than that."
        )
    return _refund_item(state, line, chosen.quantity)


def _quote_shipping(order: Order, state: OrderState) -> RefundItem:
    line = order.line(SHIPPING_LINE_ID)
    if line is None or state.line_committed(SHIPPING_LINE_ID).quantity:
        raise ShippingNotRefundableError(
            "Shipping was free or is already refunded. Leave out `shipping`."
        )
    return _refund_item(state, line, 1)


def _refund_item(state: OrderState, line: OrderLine, quantity: int) -> RefundItem:
    amount = state.line_refund_amount(line, quantity)
    return RefundItem(line.line_id, quantity, amount, state.line_refund_tax(line, quantity))


def _tax_parts(order: Order, state: OrderState, items: tuple[RefundItem, ...]) -> TaxParts:
    quantities = {item.line_id: item.quantity for item in items}
    return added_up(
        part
        for line in order.lines
        if line.line_id in quantities
        for part in state.line_refund_tax_parts(line, quantities[line.line_id])
    )


def check_fulfillment(state: OrderState, choice: RefundChoice, quote: RefundQuote) -> None:
    """Refuse to refund the whole order while its print is in production.

    The caller may ask to keep the print. A partial refund is allowed, because something is left to
    print. Line items are allowed, because they remove their units from the job.

    Raises:
        FulfillmentInProgressError: An operator has claimed or printed it.
    """
    if choice.keep_print or not _is_full(state, choice, quote):
        return
    if state.fulfillment_status in IN_PROGRESS:
        raise FulfillmentInProgressError(
            f"The print is {state.fulfillment_status}. Cancel fulfillment first, or send "
            '`"fulfillment": "keep"` to refund and let the print go on.'
        )


def stops_print(state: OrderState, choice: RefundChoice, quote: RefundQuote) -> bool:
    """Return whether this refund removes its units from the print job.

    A full refund does so while the print is queued. Line items do so until it is printed.
    """
    if choice.keep_print:
        return False
    if choice.type is RefundType.LINE_ITEMS:
        return is_unprinted(state)
    return _is_full(state, choice, quote) and state.fulfillment_status == FulfillmentStatus.QUEUED


def _is_full(state: OrderState, choice: RefundChoice, quote: RefundQuote) -> bool:
    """Return whether it refunds all that is left, whatever its type."""
    if choice.type is RefundType.LINE_ITEMS:
        return False
    return quote.amount == state.refundable_amount


_PRINT_WARNINGS = {
    FulfillmentStatus.CLAIMED: RefundWarning.FULFILLMENT_IN_PROGRESS,
    FulfillmentStatus.PRINTED: RefundWarning.FULFILLMENT_IN_PROGRESS,
    FulfillmentStatus.SHIPPED: RefundWarning.ALREADY_SHIPPED,
}


def print_warnings(state: OrderState) -> list[RefundWarning]:
    """Return what staff should know about the print before they refund."""
    warning = _PRINT_WARNINGS.get(state.fulfillment_status)
    return [warning] if warning else []
