"""Lambda behind API Gateway: finding orders, and showing one."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.find_orders.panel_views import OrderPanelView, panel_view
from functions.find_orders.search_orders import OrderSearch, SearchOrders
from functions.find_orders.show_order import ShowOrder
from functions.find_orders.views import OrderList, order_list
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
from shared.gateways.people import People
from shared.gateways.studios import Studios

dynamodb = aws.client("dynamodb")
search_orders = SearchOrders(OrderLists(dynamodb, setting("ORDERS_TABLE")))
show_order = ShowOrder(
    OrderPanels(dynamodb, setting("ORDERS_TABLE")),
    People(dynamodb, setting("ORDERS_TABLE")),
    Studios(dynamodb, setting("ORDERS_TABLE")),
)

app = api_resolver()


@app.get(
    "/orders",
    summary="Find orders",
    operation_id="find_orders",
    description=(
        "Finds orders by words of the parent's name, the subjects' names or the order's id. Each "
        "word matches from its beginning, in any order, regardless of case, accents and "
        "punctuation. Without a query it lists all orders, the newest first. A page may have fewer "
        "orders than `limit`, even none. Continue until `next_cursor` is null."
    ),
    responses=described(200, OrderList, "A page of orders, each once"),
)
def search(
    query: Annotated[
        str | None,
        Query(
            description="What to find. Leave it out to list all orders. A query without a letter "
            "or digit finds nothing.",
            max_length=200,
        ),
    ] = None,
    status: Annotated[
        OrderRefundStatus | None, Query(description="Only orders with this refund status.")
    ] = None,
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=100)] = 25,
    cursor: Cursor = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> OrderList:
    """Find the studio's orders."""
    who = caller(app)
    who.require(Action.READ_ORDERS)
    return order_list(search_orders(who.studio_id, OrderSearch(query, status, limit, cursor)))


@app.get(
    "/orders/<order_id>",
    summary="Show an order",
    operation_id="show_order",
    description=(
        "The order with what is still refundable, in total and by line; its refunds with their "
        "history; its messages; and where its print is. `actions` says what the caller may do with "
        "it now, and why not. Refunds, messages and timeline: newest first."
    ),
    responses=described(200, OrderPanelView, "The order with its refunds, messages and print"),
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
