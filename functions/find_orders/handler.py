"""Lambda behind API Gateway: finding orders, and the panel of one."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.find_orders.models import OrderList, OrderPanelView
from functions.find_orders.search_orders import OrderSearch, SearchOrders
from functions.find_orders.show_order import ShowOrder
from functions.find_orders.views import panel_view
from shared.clock import utc_now
from shared.domain.order import OrderRefundStatus
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
from shared.gateways.order_panels import OrderPanels

dynamodb = aws.client("dynamodb")
search_orders = SearchOrders(OrderLists(dynamodb, setting("ORDERS_TABLE")))
show_order = ShowOrder(OrderPanels(dynamodb, setting("ORDERS_TABLE")))

app = api_resolver()


@app.get(
    "/orders",
    summary="Find orders",
    operation_id="find_orders",
    description=(
        "By words of the parent's name, of the subjects' names or of the order's id: each by its "
        "beginning, in any order, whatever the case, accents and punctuation, and in order of "
        "what was found. Without a query all orders, the newest first. A page may hold fewer "
        "orders than `limit`, even none, while `next_cursor` is not null: go on until it is."
    ),
    responses=described(200, OrderList, "A page of orders, each once"),
)
def search(
    query: Annotated[
        str | None,
        Query(
            description="What to look for; leave it out for all. Without a letter or digit it "
            "finds nothing.",
            max_length=200,
        ),
    ] = None,
    status: Annotated[OrderRefundStatus | None, Query(description="How far refunded.")] = None,
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=100)] = 25,
    cursor: Cursor = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> OrderList:
    """Find the studio's orders."""
    who = caller(app)
    who.require(Action.READ_ORDERS)
    return search_orders(who.studio_id, OrderSearch(query, status, limit, cursor))


@app.get(
    "/orders/<order_id>",
    summary="Show an order",
    operation_id="show_order",
    description=(
        "The order with what is still refundable, in all and of each line; its refunds with their "
        "history and its messages, the newest first; and where its print is."
    ),
    responses=described(200, OrderPanelView, "The order, with all that has happened to it"),
)
def show(
    order_id: OrderId,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> OrderPanelView:
    """Show an order of the studio."""
    who = caller(app)
    who.require(Action.READ_ORDERS)
    return panel_view(show_order(who, order_id), utc_now())


lambda_handler = api_handler(app)
