"""Responses about orders. Amounts in minor units of ``currency``, times RFC 3339."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel

from functions.find_orders.search_orders import FoundOrder, OrdersPage
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import (
    SHIPPING_LINE_ID,
    FulfillmentStatus,
    Order,
    OrderLine,
    OrderRefundStatus,
    OrderState,
)
from shared.gateways.order_panels import OrderPanel
from shared.views.message import MessageView, message_view
from shared.views.order import (
    FulfillmentView,
    PhotoDayView,
    SubjectView,
    fulfillment_view,
    photo_day_view,
    subject_view,
)
from shared.views.refund import RefundView, refund_view

# The order has or had a print job, and nobody canceled it.
_ON_THE_JOB = frozenset(
    {
        FulfillmentStatus.QUEUED,
        FulfillmentStatus.CLAIMED,
        FulfillmentStatus.PRINTED,
        FulfillmentStatus.SHIPPED,
    }
)


class ParentView(BaseModel):
    """Who ordered."""

    name: str
    email: str | None = None


class StripeView(BaseModel):
    """The charge. ``account_id`` is set if it is on the studio's own Stripe account."""

    charge_id: str | None = None
    payment_intent_id: str | None = None
    account_id: str | None = None
    application_fee_id: str | None = None


class _OrderView(BaseModel):
    """What the list and the panel both show.

    ``refunded_amount`` is in the ledger, and ``pending_refund_amount`` is on its way to the
    parent. ``paid_otherwise_amount`` is what the studio paid by other means after a refund failed.
    Together with ``refundable_amount`` they add up to the total. They do not if external refunds
    returned more, or if nothing was charged: then nothing is refundable.
    """

    order_id: str
    studio_id: str
    placed_at: str
    currency: str
    parent: ParentView
    subjects: list[SubjectView]
    photo_day: PhotoDayView | None = None
    total_amount: int
    refundable_amount: int
    refunded_amount: int
    pending_refund_amount: int
    paid_otherwise_amount: int
    rev_share_reversed_amount: int
    refund_status: OrderRefundStatus
    dispute_status: str | None


class FulfillmentSummary(BaseModel):
    """Where the print is."""

    status: str
    claimed_by: str | None


class OrderSummary(_OrderView):
    """An order in a list."""

    fulfillment: FulfillmentSummary


class OrderList(BaseModel):
    """A page of orders. Even before the last page it may have fewer than ``limit``, or none."""

    items: list[OrderSummary]
    next_cursor: str | None


class LineView(BaseModel):
    """A line as sold, what is still refundable, and how many units are on the print job."""

    line_id: str
    product: str
    sku: str
    quantity: int
    unit_amount: int
    discount_amount: int
    tax_amount: int
    subject_id: str | None = None
    net_amount: int
    refundable_quantity: int
    refundable_amount: int
    print_quantity: int


class OrderPanelView(_OrderView):
    """An order with its refunds, its messages and its print. Refunds and messages: newest first."""

    line_items: list[LineView]
    shipping_amount: int
    shipping_tax_amount: int
    shipping_refundable_amount: int
    tax_amount: int
    tax_refunded_amount: int
    rev_share_amount: int
    stripe_fee_amount: int
    stripe: StripeView
    dispute_id: str | None
    disputed_at: str | None
    fulfillment: FulfillmentView
    refunds: list[RefundView]
    messages: list[MessageView]


def order_list(page: OrdersPage) -> OrderList:
    """Return a page of orders as the API shows it."""
    return OrderList(
        items=[_order_summary(found) for found in page.orders], next_cursor=page.next_cursor
    )


def _order_summary(found: FoundOrder) -> OrderSummary:
    state = found.state
    return OrderSummary(
        **dict(_order_view(found.imported, state)),
        fulfillment=FulfillmentSummary(
            status=state.fulfillment_status, claimed_by=state.fulfillment_claimed_by
        ),
    )


def panel_view(panel: OrderPanel, now: datetime) -> OrderPanelView:
    """Return everything that the API shows of an order.

    Args:
        panel: The order, its refunds and its messages.
        now: The time. A message that has been sending for too long reads unknown.
    """
    imported, state = panel.record.imported, panel.record.state
    refunds = panel.record.refunds.values()
    order, charge = imported.order, imported.charge
    return OrderPanelView(
        **dict(_order_view(imported, state)),
        line_items=list(_lines(imported, state)),
        shipping_amount=imported.shipping_amount,
        shipping_tax_amount=imported.shipping_tax_amount,
        shipping_refundable_amount=_line_refundable(order, state, order.line(SHIPPING_LINE_ID)),
        tax_amount=order.tax_amount,
        tax_refunded_amount=state.tax_refunded_amount,
        rev_share_amount=imported.rev_share_amount,
        stripe_fee_amount=imported.stripe_fee_amount,
        stripe=StripeView(
            charge_id=charge.charge_id,
            payment_intent_id=charge.payment_intent_id,
            account_id=charge.account_id,
            application_fee_id=charge.application_fee_id,
        ),
        dispute_id=state.dispute_id,
        disputed_at=state.disputed_at,
        fulfillment=fulfillment_view(state),
        refunds=[
            refund_view(refund, state)
            for refund in sorted(refunds, key=lambda each: each.requested_at, reverse=True)
        ],
        messages=[
            message_view(message, now)
            for message in sorted(panel.messages, key=lambda each: each.created_at, reverse=True)
        ],
    )


def _order_view(imported: ImportedOrder, state: OrderState) -> _OrderView:
    day = imported.photo_day
    return _OrderView(
        order_id=imported.order_id,
        studio_id=imported.studio_id,
        placed_at=imported.placed_at,
        currency=imported.currency,
        parent=ParentView(name=imported.parent.name or "", email=imported.parent.email),
        subjects=[subject_view(subject) for subject in imported.subjects],
        photo_day=photo_day_view(day) if day else None,
        total_amount=imported.total_amount,
        refundable_amount=state.refundable_amount if _is_charged(imported.order) else 0,
        refunded_amount=state.settled_amount,
        pending_refund_amount=state.in_flight_amount,
        paid_otherwise_amount=state.paid_otherwise_amount,
        rev_share_reversed_amount=state.rev_share_reversed_amount,
        refund_status=state.refund_status,
        dispute_status=state.dispute_status,
    )


def _lines(imported: ImportedOrder, state: OrderState) -> Iterator[LineView]:
    order = imported.order
    on_the_job = state.fulfillment_status in _ON_THE_JOB
    # The order's lines are its products, followed by shipping if it had any.
    for product, line in zip(imported.products, order.lines, strict=False):
        printed = line.quantity - state.print_units_off.get(line.line_id, 0)
        yield LineView(
            line_id=product.line_id,
            product=product.product,
            sku=product.sku,
            quantity=product.quantity,
            unit_amount=product.unit_amount,
            discount_amount=product.discount_amount,
            tax_amount=product.tax_amount,
            subject_id=product.subject_id,
            net_amount=product.net_amount,
            refundable_quantity=(state.line_refundable_quantity(line) if _is_charged(order) else 0),
            refundable_amount=_line_refundable(order, state, line),
            print_quantity=printed if on_the_job else 0,
        )


def _line_refundable(order: Order, state: OrderState, line: OrderLine | None) -> int:
    return state.line_refundable_amount(line) if line and _is_charged(order) else 0


def _is_charged(order: Order) -> bool:
    """Return whether Stripe charged the order. Otherwise there is no money to give back."""
    return order.charge_id is not None
