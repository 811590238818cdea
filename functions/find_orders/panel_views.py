"""The response about one order. Amounts in minor units of ``currency``, times RFC 3339."""

from collections.abc import Iterator
from datetime import datetime

from functions.find_orders.offered_actions import Offer, OfferedActions
from functions.find_orders.show_order import ShownOrder
from functions.find_orders.timeline import Event, EventKind
from functions.find_orders.views import OrderBase, StripeView, is_paid, order_view
from shared.domain.dispute import Dispute
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import SHIPPING_LINE_ID, FulfillmentStatus, OrderLine, OrderState
from shared.views.message import MessageView, message_view
from shared.views.order import FulfillmentView, fulfillment_view
from shared.views.people import Names, optional_name
from shared.views.refund import RefundView, refund_view
from shared.views.view import View

# The order has or had a print job, and nobody canceled it.
_ON_THE_JOB = frozenset(
    {
        FulfillmentStatus.QUEUED,
        FulfillmentStatus.CLAIMED,
        FulfillmentStatus.PRINTED,
        FulfillmentStatus.SHIPPED,
    }
)


class LineView(View):
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


class DisputeView(View):
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
    dismissed_by_name: str | None
    dismissal_note: str | None


class MoneyView(View):
    """Where the parent's money is. ``captured_amount`` is 0 while the order is not paid.

    The other amounts add up to it, unless external refunds returned more.
    """

    captured_amount: int
    refunded_amount: int
    pending_amount: int
    withdrawn_amount: int
    paid_otherwise_amount: int
    refundable_amount: int


class OfferView(View):
    """Whether the caller may do something now.

    If not, ``reason`` is the code of the problem that a request would get, and ``detail`` says what
    to do.
    """

    allowed: bool
    reason: str | None
    detail: str | None


class RefundOfferView(OfferView):
    """The same for a refund. ``max_amount`` is the most that the caller may refund now."""

    max_amount: int


class ActionsView(View):
    """What the caller may do with the order."""

    refund: RefundOfferView
    cancel_fulfillment: OfferView
    send_message: OfferView


class EventView(View):
    """One thing that happened. ``status`` is what it led to, ``about`` the id of its record.

    ``detail`` says what happened to a message in words, or what a person wrote about it.
    """

    at: str
    kind: EventKind
    status: str | None
    by: str | None
    by_name: str | None
    about: str | None
    amount: int | None
    detail: str | None


class OrderPanelView(OrderBase):
    """An order with its refunds, its messages and its print, and all of it in one timeline.

    Refunds, messages and timeline: newest first.
    """

    money: MoneyView
    actions: ActionsView
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
    timeline: list[EventView]


def panel_view(shown: ShownOrder, now: datetime) -> OrderPanelView:
    """Return everything that the API shows of an order.

    Args:
        shown: The order, and what the caller can do with it.
        now: The time. A message that has been sending for too long reads unknown.
    """
    panel, names = shown.panel, shown.names
    imported, state = panel.record.imported, panel.record.state
    refunds = panel.record.refunds.values()
    order, charge, dispute = imported.order, imported.charge, state.newest_dispute
    return OrderPanelView(
        **dict(order_view(imported, state)),
        money=_money(state),
        actions=_actions(shown.actions),
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
        disputes=[_dispute_view(each, names) for each in state.disputes],
        fulfillment=fulfillment_view(state, names),
        refunds=[
            refund_view(refund, state, names)
            for refund in sorted(refunds, key=lambda each: each.requested_at, reverse=True)
        ],
        messages=[
            message_view(message, now, names)
            for message in sorted(panel.messages, key=lambda each: each.created_at, reverse=True)
        ],
        timeline=[_event(event, names) for event in shown.events],
    )


def _money(state: OrderState) -> MoneyView:
    paid = is_paid(state)
    return MoneyView(
        captured_amount=state.total_amount if paid else 0,
        refunded_amount=state.settled_amount,
        pending_amount=state.in_flight_amount,
        withdrawn_amount=state.withdrawn_amount,
        paid_otherwise_amount=state.paid_otherwise_amount,
        refundable_amount=state.refundable_amount if paid else 0,
    )


def _actions(offered: OfferedActions) -> ActionsView:
    return ActionsView(
        refund=RefundOfferView(
            **dict(_offer(offered.refund)), max_amount=offered.refund_max_amount
        ),
        cancel_fulfillment=_offer(offered.cancel_fulfillment),
        send_message=_offer(offered.send_message),
    )


def _offer(offer: Offer) -> OfferView:
    refusal = offer.refusal
    return OfferView(
        allowed=offer.allowed,
        reason=refusal.code if refusal else None,
        detail=refusal.detail if refusal else None,
    )


def _event(event: Event, names: Names) -> EventView:
    return EventView(
        at=event.at,
        kind=event.kind,
        status=event.status,
        by=event.by,
        by_name=optional_name(names, event.by),
        about=event.about,
        amount=event.amount,
        detail=event.detail,
    )


def _dispute_view(dispute: Dispute, names: Names) -> DisputeView:
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
        dismissed_by_name=optional_name(names, dispute.dismissed_by),
        dismissal_note=dispute.dismissal_note,
    )


def _dispute_detail(dispute: Dispute) -> str:
    if dispute.is_inquiry:
        return "The bank asks about this charge. Refund the order to avoid a dispute."
    if dispute.is_lost:
        return "Lost: the parent keeps the money."
    if dispute.is_open:
        return "The bank has taken the money back until it has decided."
    return "Closed in the studio's favor."


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
            refundable_quantity=(state.line_refundable_quantity(line) if is_paid(state) else 0),
            refundable_amount=_line_refundable(state, line),
            print_quantity=printed if on_the_job else 0,
        )


def _line_refundable(state: OrderState, line: OrderLine | None) -> int:
    return state.line_refundable_amount(line) if line and is_paid(state) else 0
