"""The bodies of orders. Amounts in minor units of ``currency``, times RFC 3339."""

from pydantic import BaseModel

from shared.domain.order import OrderRefundStatus
from shared.views.message import MessageView
from shared.views.order import FulfillmentView, PhotoDayView, SubjectView
from shared.views.refund import RefundView


class ParentView(BaseModel):
    """Who ordered."""

    name: str
    email: str | None = None


class StripeView(BaseModel):
    """Where the money was charged; ``account_id`` is the studio's own account, if it was there."""

    charge_id: str | None = None
    payment_intent_id: str | None = None
    account_id: str | None = None
    application_fee_id: str | None = None


class _OrderView(BaseModel):
    """What the list and the panel both show.

    ``refunded_amount`` is in the ledger, ``pending_refund_amount`` on its way back, and
    ``paid_otherwise_amount`` what the studio paid after a refund had failed. With
    ``refundable_amount`` they come to the total, unless more went back outside, or nothing was
    charged: then nothing is refundable.
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
    """Where the print is, in short."""

    status: str
    claimed_by: str | None


class OrderSummary(_OrderView):
    """An order in a list."""

    fulfillment: FulfillmentSummary


class OrderList(BaseModel):
    """A page of orders. It may hold fewer than asked for, even none, and not be the last."""

    items: list[OrderSummary]
    next_cursor: str | None


class LineView(BaseModel):
    """A line as sold, what of it can still be refunded, and how many units are on the print job."""

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
    """An order with all that has happened to it; its refunds and messages, the newest first."""

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
