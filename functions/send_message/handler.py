"""Lambda behind API Gateway: the routes of messages to parents."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.send_message.bodies import MessageChoice, MessageResolution, MessageToSend
from functions.send_message.draft_message import DraftMessage
from functions.send_message.find_notices import FindNotices
from functions.send_message.preview_message import PreviewMessage
from functions.send_message.resolve_message import ResolveMessage
from functions.send_message.send_message import MessageRequest, SendMessage
from functions.send_message.views import MessagePreviewView, preview_view
from shared.clock import utc_now
from shared.domain.message import Message, MessageOutcome
from shared.domain.order import OrderKey
from shared.edge.auth import Action, Caller
from shared.edge.http import (
    IdempotencyKey,
    OrderId,
    api_handler,
    api_resolver,
    caller,
    described,
)
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.mail import Mail
from shared.gateways.messages import Messages
from shared.gateways.orders_table import OrdersTable
from shared.gateways.people import People
from shared.gateways.stops_store import StopsStore
from shared.gateways.studios import Studios
from shared.views.message import MessageView, message_view
from shared.workflow.current_stops import CurrentStops

# A text and an HTML of 20,000 characters each. A character may take several bytes.
_MAX_BODY_BYTES = 256 * 1024

dynamodb = aws.client("dynamodb")
orders = OrdersTable(dynamodb, setting("ORDERS_TABLE"))
people = People(dynamodb, setting("ORDERS_TABLE"))
messages = Messages(dynamodb, setting("ORDERS_TABLE"))
mail = Mail(aws.client("sesv2"), aws.mail_client(), setting("MAIL_CONFIGURATION_SET"))
draft_message = DraftMessage(
    Studios(dynamodb, setting("ORDERS_TABLE")), mail, setting("FALLBACK_SENDER") or None
)
stops = CurrentStops(StopsStore(dynamodb, setting("ORDERS_TABLE")), utc_now)
preview_message = PreviewMessage(orders, draft_message, FindNotices(mail, messages), stops)
send_message = SendMessage(orders, draft_message, messages, mail, stops, utc_now)
resolve_message = ResolveMessage(orders, messages, utc_now)

app = api_resolver()


@app.post(
    "/orders/<order_id>/messages/preview",
    summary="Preview a message",
    operation_id="preview_message",
    responses=described(200, MessagePreviewView, "The filled-in template. Nothing was sent."),
)
def preview(order_id: OrderId, body: MessageChoice) -> MessagePreviewView:
    """Fill in a template about a refund. Sends nothing."""
    who = caller(app)
    who.require(Action.SEND_MESSAGE)
    return preview_view(body, preview_message(who, order_id, body.chosen, body.refund_id))


@app.post(
    "/orders/<order_id>/messages",
    summary="Send a message",
    operation_id="send_message",
    responses=described(201, MessageView, "The message: sent, or with an unknown outcome"),
)
def send(
    order_id: OrderId, body: MessageToSend, idempotency_key: IdempotencyKey
) -> Response[MessageView]:
    """Send the parent a message about a refund, edited or not, once for each key."""
    who = caller(app)
    who.require(Action.SEND_MESSAGE)
    message = send_message(
        who,
        MessageRequest(
            order=OrderKey(who.studio_id, order_id),
            template=body.chosen,
            refund_id=body.refund_id,
            subject=body.subject,
            text=body.text,
            html=body.html,
            idempotency_key=idempotency_key,
            body=body.model_dump(mode="json"),
        ),
    )
    return Response(201, content_type="application/json", body=_shown(who, message))


@app.post(
    "/orders/<order_id>/messages/<message_id>/resolution",
    summary="Record whether a message arrived",
    operation_id="resolve_message",
    responses=described(200, MessageView, "The message, resolved"),
)
def record_resolution(
    order_id: OrderId, message_id: Annotated[str, Path(max_length=64)], body: MessageResolution
) -> MessageView:
    """Record whether the parent received a message with an unknown outcome."""
    who = caller(app)
    who.require(Action.SEND_MESSAGE)
    message = resolve_message(who, order_id, message_id, MessageOutcome(body.outcome))
    return _shown(who, message)


def _shown(who: Caller, message: Message) -> MessageView:
    names = people.names(who.studio_id, [message.created_by, message.resolved_by])
    return message_view(message, utc_now(), names)


lambda_handler = api_handler(app, _MAX_BODY_BYTES)
