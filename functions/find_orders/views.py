"""Responses about orders. Amounts in minor units of ``currency``, times RFC 3339."""

from functions.find_orders.search_orders import FoundOrder, OrdersPage
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import (
    OrderRefundStatus,
    OrderState,
)
from shared.domain.payment_status import PAYMENT_WORDS, PaymentStatus
from shared.views.order import (
    PhotoDayView,
    SubjectView,
    photo_day_view,
    subject_view,
)
from shared.views.view import View


class ParentView(View):
    """Who ordered."""

    name: str
    email: str | None = None


class StripeView(View):
    """The charge. ``account_id`` is set if it is on the studio's own Stripe account."""

    charge_id: str | None = None
    payment_intent_id: str | None = None
    account_id: str | None = None
    application_fee_id: str | None = None


class OrderBase(View):
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


class FulfillmentSummary(View):
    """Where the print is."""

    status: str
    claimed_by: str | None


class OrderSummary(OrderBase):
    """An order in a list."""

    fulfillment: FulfillmentSummary


class OrderList(View):
    """A page of orders. Even before the last page it may have fewer than ``limit``, or none."""

    items: list[OrderSummary]
    next_cursor: str | None


def order_list(page: OrdersPage) -> OrderList:
    """Return a page of orders as the API shows it."""
    return OrderList(
        items=[_order_summary(found) for found in page.orders], next_cursor=page.next_cursor
    )


def _order_summary(found: FoundOrder) -> OrderSummary:
    state = found.state
    return OrderSummary(
        **dict(order_view(found.imported, state)),
        fulfillment=FulfillmentSummary(
            status=state.fulfillment_status, claimed_by=state.fulfillment_claimed_by
        ),
    )


def order_view(imported: ImportedOrder, state: OrderState) -> OrderBase:
    """Return what the list and the panel both show of an order."""
    day, dispute = imported.photo_day, state.newest_dispute
    return OrderBase(
        order_id=imported.order_id,
        studio_id=imported.studio_id,
        placed_at=imported.placed_at,
        currency=imported.currency,
        parent=ParentView(name=imported.parent.name or "", email=imported.parent.email),
        subjects=[subject_view(subject) for subject in imported.subjects],
        photo_day=photo_day_view(day) if day else None,
        total_amount=imported.total_amount,
        refundable_amount=state.refundable_amount if is_paid(state) else 0,
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


def _payment_detail(state: OrderState) -> str | None:
    is_paid = state.payment_status is PaymentStatus.PAID
    return None if is_paid else PAYMENT_WORDS[state.payment_status]


def is_paid(state: OrderState) -> bool:
    """Return whether the parent's money is there. Otherwise there is nothing to give back."""
    return state.payment_status is PaymentStatus.PAID
