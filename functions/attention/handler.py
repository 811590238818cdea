"""Lambda behind API Gateway: the attention list, and recording what people did."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from functions.attention.bodies import NoteBody, ResolutionBody
from functions.attention.list_attention import ListAttention, NameParents
from functions.attention.record_resolution import (
    DismissDelivery,
    DismissDispute,
    ResolveParked,
    ResolveRefund,
)
from functions.attention.views import (
    AttentionCount,
    AttentionList,
    DismissedView,
    ParkedView,
    attention_count,
    attention_list,
    dismissed_view,
    parked_view,
)
from shared.clock import rfc3339, utc_now
from shared.domain.refund import PaidBy, Resolution
from shared.edge.auth import Action
from shared.edge.http import (
    NamedStudio,
    OrderId,
    RefundId,
    api_handler,
    api_resolver,
    caller,
    described,
)
from shared.edge.observability import count
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.attention import Attention
from shared.gateways.messages import Messages
from shared.gateways.order_lists import OrderLists
from shared.gateways.orders_table import OrdersTable
from shared.gateways.parked_messages import ParkedRecords
from shared.gateways.people import People
from shared.views.message import MessageView, message_view
from shared.views.refund import RefundView, refund_view

dynamodb = aws.client("dynamodb")
list_attention = ListAttention(Attention(dynamodb, setting("ORDERS_TABLE")), utc_now)
name_parents = NameParents(OrderLists(dynamodb, setting("ORDERS_TABLE")))
people = People(dynamodb, setting("ORDERS_TABLE"))
resolve_refund = ResolveRefund(OrdersTable(dynamodb, setting("ORDERS_TABLE")))
dismiss_dispute = DismissDispute(OrdersTable(dynamodb, setting("ORDERS_TABLE")))
dismiss_delivery = DismissDelivery(
    OrdersTable(dynamodb, setting("ORDERS_TABLE")),
    Messages(dynamodb, setting("ORDERS_TABLE")),
    utc_now,
)
resolve_parked = ResolveParked(ParkedRecords(dynamodb, setting("ORDERS_TABLE")), utc_now)

app = api_resolver()


@app.get(
    "/attention",
    summary="List what needs attention",
    operation_id="list_attention",
    responses=described(
        200, AttentionList, "Everything that needs attention, the longest waiting first"
    ),
)
def attention(
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> AttentionList:
    """List failed and stuck refunds, messages, disputes, payouts on hold, and lost accounts."""
    who = caller(app)
    who.require(Action.READ_ATTENTION)
    items = name_parents(who.studio_id, list_attention(who.studio_id))
    return attention_list(items, who.roles, utc_now())


@app.get(
    "/attention/count",
    summary="Count what needs attention",
    operation_id="count_attention",
    description="How long the list is, without names. Poll it at most once a minute.",
    responses=described(200, AttentionCount, "How many things need attention"),
)
def attention_number(
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> AttentionCount:
    """Count what needs attention."""
    who = caller(app)
    who.require(Action.READ_ATTENTION)
    return attention_count(list_attention(who.studio_id))


@app.post(
    "/orders/<order_id>/refunds/<refund_id>/resolution",
    summary="Record how the parent of a failed refund was paid",
    operation_id="resolve_refund",
    responses=described(200, RefundView, "The refund, with its resolution"),
)
def resolve_failed(
    order_id: OrderId,
    refund_id: RefundId,
    body: Annotated[ResolutionBody, Body()],
) -> RefundView:
    """Record that the parent got the money another way. That amount is not refundable again."""
    who = caller(app)
    who.require(Action.RESOLVE)
    how, at = PaidBy(body.paid_by), rfc3339(utc_now())
    resolution = Resolution(how, body.reference, at, who.user, body.note)
    refund, state = resolve_refund(who, order_id, refund_id, resolution)
    count("RefundResolved")
    return refund_view(refund, state, people.names(who.studio_id, refund.users))


@app.post(
    "/orders/<order_id>/disputes/<dispute_id>/dismissal",
    summary="Dismiss a lost dispute",
    operation_id="dismiss_dispute",
    responses=described(200, DismissedView, "The dispute, dismissed"),
)
def dismiss_lost_dispute(
    order_id: OrderId,
    dispute_id: Annotated[str, Path(max_length=255)],
    body: Annotated[NoteBody | None, Body()] = None,
) -> DismissedView:
    """Take a lost dispute off the list. Its money stays in the ledger."""
    who = caller(app)
    who.require(Action.RESOLVE)
    dispute = dismiss_dispute(who, order_id, dispute_id, body.note if body else None)
    names = people.names(who.studio_id, [dispute.dismissed_by])
    return dismissed_view(order_id, dispute, names)


@app.post(
    "/orders/<order_id>/messages/<message_id>/dismissal",
    summary="Dismiss a message that did not arrive",
    operation_id="dismiss_delivery",
    responses=described(200, MessageView, "The message, dismissed"),
)
def dismiss_failed_delivery(
    order_id: OrderId,
    message_id: Annotated[str, Path(max_length=64)],
    body: Annotated[NoteBody | None, Body()] = None,
) -> MessageView:
    """Take a message that bounced or was marked as spam off the list. It stays in the order."""
    who = caller(app)
    who.require(Action.RESOLVE)
    message = dismiss_delivery(who, order_id, message_id, body.note if body else None)
    users = [message.created_by, message.resolved_by]
    users += [each.dismissed_by for each in message.reports]
    return message_view(message, utc_now(), people.names(who.studio_id, users))


@app.post(
    "/attention/parked/<parked_id>/resolution",
    summary="Record that a parked message was dealt with",
    operation_id="resolve_parked_message",
    responses=described(200, ParkedView, "The message, resolved"),
)
def resolve_parked_message(
    parked_id: Annotated[str, Path(max_length=64)],
    body: Annotated[NoteBody | None, Body()] = None,
) -> ParkedView:
    """Take a parked message off the list."""
    who = caller(app)
    who.require(Action.RESOLVE)
    parked = resolve_parked(who, parked_id, body.note if body else None)
    return parked_view(parked, people.names(who.studio_id, [parked.resolved_by]))


lambda_handler = api_handler(app)
