"""From the domain to the API's bodies."""

from collections.abc import Iterator
from datetime import datetime

from functions.find_orders.models import OrderPanelView, OrderSummary
from shared.domain.order import SHIPPING_LINE_ID, Order, OrderState
from shared.gateways.items import Values, order_from_values
from shared.gateways.orders_table import OrderPanel
from shared.views.message import message_view
from shared.views.order import fulfillment_view
from shared.views.refund import refund_view

# There is a print job, or there was one, and it was not called off.
_ON_THE_JOB = frozenset({"queued", "claimed", "printed", "shipped"})


def order_summary(document: Values, state: OrderState) -> OrderSummary:
    """Return an order as a list shows it.

    Args:
        document: The order as imported.
        state: What has changed of it since.
    """
    return OrderSummary.model_validate(
        {
            **document,
            **_state(order_from_values(document), state),
            "fulfillment": {
                "status": state.fulfillment_status,
                "claimed_by": state.fulfillment_claimed_by,
            },
        }
    )


def panel_view(panel: OrderPanel, now: datetime) -> OrderPanelView:
    """Return all that there is to show of an order.

    Args:
        panel: The order, its refunds and its messages.
        now: The time: a message that is sending for too long reads unknown.
    """
    record = panel.record
    order, state = record.order, record.state
    refunds = sorted(record.refunds.values(), key=lambda each: each.requested_at, reverse=True)
    messages = sorted(panel.messages, key=lambda each: each.created_at, reverse=True)
    return OrderPanelView.model_validate(
        {
            **record.document,
            **_state(order, state),
            "line_items": list(_lines(record.document, order, state)),
            "shipping_refundable_amount": _line_refundable(order, state, SHIPPING_LINE_ID),
            "tax_amount": order.tax_amount,
            "tax_refunded_amount": state.tax_refunded_amount,
            "dispute_id": state.dispute_id,
            "disputed_at": state.disputed_at,
            "fulfillment": fulfillment_view(state),
            "refunds": [refund_view(refund, state) for refund in refunds],
            "messages": [message_view(message, now) for message in messages],
        }
    )


def _state(order: Order, state: OrderState) -> Values:
    return {
        "refundable_amount": state.refundable_amount if _is_charged(order) else 0,
        "refunded_amount": state.settled_amount,
        "pending_refund_amount": state.in_flight_amount,
        "paid_otherwise_amount": state.paid_otherwise_amount,
        "rev_share_reversed_amount": state.rev_share_reversed_amount,
        "refund_status": state.refund_status,
        "dispute_status": state.dispute_status,
    }


def _lines(document: Values, order: Order, state: OrderState) -> Iterator[Values]:
    on_the_job = state.fulfillment_status in _ON_THE_JOB
    # The order's lines are the document's, and shipping after them where there was any.
    for line, sold in zip(document["line_items"], order.lines, strict=False):
        printed = sold.quantity - state.print_units_off.get(sold.line_id, 0)
        yield {
            **line,
            "net_amount": sold.net_amount,
            "refundable_quantity": (
                state.line_refundable_quantity(sold) if _is_charged(order) else 0
            ),
            "refundable_amount": _line_refundable(order, state, sold.line_id),
            "print_quantity": printed if on_the_job else 0,
        }


def _line_refundable(order: Order, state: OrderState, line_id: str) -> int:
    line = order.line(line_id)
    return state.line_refundable_amount(line) if line and _is_charged(order) else 0


def _is_charged(order: Order) -> bool:
    """Say whether Stripe has money to give back: of an order that it never charged, it has none."""
    return order.charge_id is not None
