"""Lambda behind API Gateway: the print queue, a print's steps, and canceling fulfillment."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from functions.print_station.bodies import NoFields
from functions.print_station.move_print import MovePrint
from functions.print_station.show_queue import QueueQuery, QueueStatus, ShowQueue
from functions.print_station.views import PrintView, QueueView, print_view, queue_view
from shared.clock import utc_now
from shared.domain.fulfillment import Step
from shared.edge.auth import Action
from shared.edge.http import (
    Cursor,
    NamedStudio,
    OrderId,
    api_handler,
    api_resolver,
    caller,
    described,
)
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.order_lists import OrderLists
from shared.gateways.order_states import OrderStates
from shared.gateways.people import People

dynamodb = aws.client("dynamodb")
move_print = MovePrint(OrderStates(dynamodb, setting("ORDERS_TABLE")), utc_now)
people = People(dynamodb, setting("ORDERS_TABLE"))
show_queue = ShowQueue(OrderLists(dynamodb, setting("ORDERS_TABLE")), people)

app = api_resolver()

Nothing = Annotated[NoFields | None, Body()]


@app.get(
    "/print-station/queue",
    summary="Show the print queue",
    operation_id="print_queue",
    responses=described(200, QueueView, "A page of the queue, oldest first"),
)
def queue(
    status: Annotated[QueueStatus | None, Query(description="Only jobs of this status.")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 50,
    cursor: Cursor = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> QueueView:
    """List the orders that wait for the printer. Canceled orders are not among them.

    A page may be short or empty before the last one. Continue until `next_cursor` is null.
    """
    who = caller(app)
    who.require(Action.READ_PRINT_QUEUE)
    return queue_view(show_queue(who.studio_id, QueueQuery(status, limit, cursor)), who.user)


@app.post(
    "/print-station/orders/<order_id>/claim",
    summary="Claim a print",
    operation_id="claim_print",
    responses=described(200, PrintView, "The print, claimed by you"),
)
def claim(order_id: OrderId, _: Nothing = None) -> PrintView:
    """Take a print from the queue. Only one operator gets it."""
    return _step(order_id, Step.CLAIM, Action.WORK_PRINT_QUEUE)


@app.post(
    "/print-station/orders/<order_id>/print",
    summary="Record that a print is made",
    operation_id="record_print",
    responses=described(200, PrintView, "The print, printed"),
)
def record_print(order_id: OrderId, _: Nothing = None) -> PrintView:
    """Record that a claimed print is made. Any operator may do so, because shifts hand over."""
    return _step(order_id, Step.PRINT, Action.WORK_PRINT_QUEUE)


@app.post(
    "/print-station/orders/<order_id>/ship",
    summary="Record that a print is shipped",
    operation_id="ship_print",
    responses=described(200, PrintView, "The print, shipped"),
)
def ship(order_id: OrderId, _: Nothing = None) -> PrintView:
    """Record that a print is on its way. After that it cannot be canceled."""
    return _step(order_id, Step.SHIP, Action.WORK_PRINT_QUEUE)


@app.post(
    "/orders/<order_id>/fulfillment/cancel",
    summary="Cancel fulfillment",
    operation_id="cancel_fulfillment",
    responses=described(200, PrintView, "The print, canceled"),
)
def cancel(order_id: OrderId, _: Nothing = None) -> PrintView:
    """Take a print off the queue for good, even a claimed or printed one, unless it is shipped."""
    return _step(order_id, Step.CANCEL, Action.CANCEL_FULFILLMENT)


def _step(order_id: str, step: Step, action: Action) -> PrintView:
    who = caller(app)
    who.require(action)
    state = move_print(who, order_id, step)
    users = [entry.by for entry in state.fulfillment_history]
    names = people.names(who.studio_id, [state.fulfillment_claimed_by, *users])
    return print_view(state, names)


lambda_handler = api_handler(app)
