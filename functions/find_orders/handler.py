"""Lambda behind API Gateway: finding orders, and showing one."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.find_orders.order_filter import DisputeFilter, OrderFilter
from functions.find_orders.panel_views import OrderPanelView, panel_view
from functions.find_orders.search_orders import OrderSearch, SearchOrders
from functions.find_orders.show_order import ShowOrder
from functions.find_orders.views import OrderList, order_list
from shared.clock import rfc3339, utc_now
from shared.domain.errors import StudioNotFoundError
from shared.domain.local_days import EARLIEST_DAY, local_days
from shared.domain.order import FulfillmentStatus, OrderRefundStatus
from shared.edge.auth import Action, Caller
from shared.edge.http import (
    Cursor,
    NamedStudio,
    OrderId,
    api_handler,
    api_resolver,
    caller,
    day_query,
    described,
)
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.order_lists import OrderLists, TimeRange
from shared.gateways.order_panels import OrderPanels
from shared.gateways.people import People
from shared.gateways.stops_store import StopsStore
from shared.gateways.studios import Studios
from shared.workflow.current_stops import CurrentStops

dynamodb = aws.client("dynamodb")
studios = Studios(dynamodb, setting("ORDERS_TABLE"))
search_orders = SearchOrders(OrderLists(dynamodb, setting("ORDERS_TABLE")))
show_order = ShowOrder(
    OrderPanels(dynamodb, setting("ORDERS_TABLE")),
    People(dynamodb, setting("ORDERS_TABLE")),
    studios,
    CurrentStops(StopsStore(dynamodb, setting("ORDERS_TABLE")), utc_now),
)

app = api_resolver()

FirstDay = Annotated[
    str | None,
    day_query("from", "Only orders placed on this day or later, YYYY-MM-DD in the studio's zone."),
]
LastDay = Annotated[
    str | None,
    day_query("to", "Only orders placed on this day or earlier. Today if only `from` is there."),
]


@app.get(
    "/orders",
    summary="Find orders",
    operation_id="find_orders",
    description=(
        "Finds orders by words of the parent's name, the subjects' names or the order's id. Each "
        "word matches from its beginning, in any order, regardless of case, accents and "
        "punctuation, and as any keyboard types it: Müller is also found by Mueller. Without a "
        "query it lists all orders, the newest first, or those with open disputes by their newest "
        "dispute. Filters narrow both. A page may have fewer orders than `limit`, even none. "
        "Continue until `next_cursor` is null."
    ),
    responses=described(200, OrderList, "A page of orders, each once"),
)
def search(  # noqa: PLR0913  # a list's parameters
    *,
    query: Annotated[
        str | None,
        Query(
            description="What to find. A query without a letter or digit lists all orders, "
            "as no query does.",
            max_length=200,
        ),
    ] = None,
    status: Annotated[
        OrderRefundStatus | None,
        Query(
            description="Only orders with this refund status. With `pending`, the order with the "
            "newest refund comes first."
        ),
    ] = None,
    print_status: Annotated[
        FulfillmentStatus | None, Query(description="Only orders whose print has this status.")
    ] = None,
    photo_day: Annotated[
        str | None,
        Query(
            description="Only orders of this photo day: its id, or a part of its name.",
            min_length=1,
            max_length=200,
        ),
    ] = None,
    dispute: Annotated[
        DisputeFilter | None, Query(description="Only orders with such a dispute, or with none.")
    ] = None,
    first: FirstDay = None,
    last: LastDay = None,
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=100)] = 25,
    cursor: Cursor = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> OrderList:
    """Find the studio's orders."""
    who = caller(app)
    who.require(Action.READ_ORDERS)
    where = OrderFilter(status, print_status, photo_day, dispute, _placed(who, first, last))
    return order_list(search_orders(who.studio_id, OrderSearch(query, where, limit, cursor)))


def _placed(who: Caller, first: str | None, last: str | None) -> TimeRange | None:
    """Return the time of the days in the studio's zone, or None if the request names none."""
    if first is None and last is None:
        return None
    studio = studios.get(who.studio_id)
    if studio is None:
        raise StudioNotFoundError("There is no such studio.")
    days = local_days(first or EARLIEST_DAY, last, studio.zone, utc_now(), default_days=1)
    return TimeRange(rfc3339(days.start), rfc3339(days.end))


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
