"""Responses about orders. Amounts in minor units of ``currency``, times RFC 3339."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel

from functions.find_orders.search_orders import FoundOrder, OrdersPage
from shared.domain.dispute import Dispute
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import (
    SHIPPING_LINE_ID,
    FulfillmentStatus,
    OrderLine,
    OrderRefundStatus,
    OrderState,
)
from shared.domain.payment_status import PAYMENT_WORDS, PaymentStatus
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
    parent. ``paid_otherwise_amount`` is what the studio paid by other means after a refund failed,
    and ``withdrawn_amount`` what disputes have taken.
    Together with ``refundable_amount`` they add up to the total. They do not if external refunds
    returned more, or if the order is not paid: then nothing is refundable.
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
    withdrawn_amount: int
    refund_status: OrderRefundStatus
    payment_status: PaymentStatus
    payment_detail: str | None
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


class DisputeView(BaseModel):
    """A dispute of the charge, as Stripe last reported it.

    ``withdrawn_amount`` is the money that Stripe has taken and not given back, and ``fee_amount``
    its fee likewise. ``detail`` says what the dispute means now.
    """

    dispute_id: str
    status: str
    detail: str
    amount: int
    withdrawn_amount: int
    fee_amount: int
    reason: str | None
    created_at: str
    due_by: str | None
    blocks_refunds: bool
    dismissed_by: str | None


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
    disputes: list[DisputeView]
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
    order, charge, dispute = imported.order, imported.charge, state.newest_dispute
    return OrderPanelView(
        **dict(_order_view(imported, state)),
        line_items=list(_lines(imported, state)),
        shipping_amount=imported.shipping_amount,
        shipping_tax_amount=imported.shipping_tax_amount,
        shipping_refundable_amount=_line_refundable(state, order.line(SHIPPING_LINE_ID)),
        tax_amount=order.tax_amount,
        tax_refunded_amount=state.tax_refunded_amount,
        rev_share_amount=imported.rev_share_amount,
        stripe_fee_amount=state.stripe_fee_amount,
        stripe=StripeView(
            charge_id=charge.charge_id,
            payment_intent_id=charge.payment_intent_id,
            account_id=charge.account_id,
            application_fee_id=charge.application_fee_id,
        ),
        dispute_id=dispute.dispute_id if dispute else None,
        disputed_at=dispute.created_at if dispute else None,
        disputes=[_dispute_view(each) for each in state.disputes],
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
    day, dispute = imported.photo_day, state.newest_dispute
    return _OrderView(
        order_id=imported.order_id,
        studio_id=imported.studio_id,
        placed_at=imported.placed_at,
        currency=imported.currency,
        parent=ParentView(name=imported.parent.name or "", email=imported.parent.email),
        subjects=[subject_view(subject) for subject in imported.subjects],
        photo_day=photo_day_view(day) if day else None,
        total_amount=imported.total_amount,
        refundable_amount=state.refundable_amount if _is_paid(state) else 0,
        refunded_amount=state.settled_amount,
        pending_refund_amount=state.in_flight_amount,
        paid_otherwise_amount=state.paid_otherwise_amount,
        rev_share_reversed_amount=state.rev_share_reversed_amount,
        withdrawn_amount=state.withdrawn_amount,
        refund_status=state.refund_status,
        payment_status=state.payment_status,
        payment_detail=_payment_detail(state),
        dispute_status=dispute.status if dispute else None,
    )


def _dispute_view(dispute: Dispute) -> DisputeView:
    return DisputeView(
        dispute_id=dispute.dispute_id,
        status=dispute.status,
        detail=_dispute_detail(dispute),
        amount=dispute.amount,
        withdrawn_amount=dispute.withdrawn_amount,
        fee_amount=dispute.fee_amount,
        reason=dispute.reason,
        created_at=dispute.created_at,
        due_by=dispute.due_by,
        blocks_refunds=dispute.blocks_refunds,
        dismissed_by=dispute.dismissed_by,
    )


def _dispute_detail(dispute: Dispute) -> str:
    if dispute.is_inquiry:
        return "The bank asks about this charge. Refund the order to avoid a dispute."
    if dispute.is_lost:
        return "Lost: the parent keeps the money."
    if dispute.is_open:
        return "The bank has taken the money back until it has decided."
    return "Closed in the studio's favor."


def _payment_detail(state: OrderState) -> str | None:
    is_paid = state.payment_status is PaymentStatus.PAID
    return None if is_paid else PAYMENT_WORDS[state.payment_status]


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
            refundable_quantity=(state.line_refundable_quantity(line) if _is_paid(state) else 0),
            refundable_amount=_line_refundable(state, line),
            print_quantity=printed if on_the_job else 0,
        )


def _line_refundable(state: OrderState, line: OrderLine | None) -> int:
    return state.line_refundable_amount(line) if line and _is_paid(state) else 0


def _is_paid(state: OrderState) -> bool:
    """Return whether the parent's money is there. Otherwise there is nothing to give back."""
    return state.payment_status is PaymentStatus.PAID
