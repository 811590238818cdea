"""Lambda behind API Gateway: the signed-in user with their studio, and the list of studios."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.studio_settings.list_stops import ListStops
from functions.studio_settings.list_studios import ListStudios
from functions.studio_settings.show_me import ShowMe
from functions.studio_settings.views import (
    MeView,
    StopList,
    StudioList,
    me_view,
    stop_list,
    studio_list,
)
from shared.clock import utc_now
from shared.edge.auth import Action
from shared.edge.http import Cursor, NamedStudio, api_handler, api_resolver, described, signed_in
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.people import People
from shared.gateways.stops_store import StopsStore
from shared.gateways.studio_directory import StudioDirectory
from shared.gateways.studios import Studios
from shared.workflow.current_stops import CurrentStops

dynamodb = aws.client("dynamodb")
show_me = ShowMe(
    Studios(dynamodb, setting("ORDERS_TABLE")), People(dynamodb, setting("ORDERS_TABLE"))
)
list_studios = ListStudios(StudioDirectory(dynamodb, setting("ORDERS_TABLE")))
list_stops = ListStops(CurrentStops(StopsStore(dynamodb, setting("ORDERS_TABLE")), utc_now))

app = api_resolver()


@app.get(
    "/me",
    summary="Show who is signed in",
    operation_id="show_me",
    description=(
        "The user with their roles, what these allow, and their studio. A PPS admin gets the "
        "studio that `studio_id` names, or none. Ask for it after each sign-in: it also records "
        "what the user is called, for everything that shows who did something."
    ),
    responses=described(200, MeView, "The user, and their studio"),
)
def me(
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by signed_in()
) -> MeView:
    """Show the signed-in user and their studio."""
    return me_view(show_me(signed_in(app)))


@app.get(
    "/studios",
    summary="List studios",
    operation_id="list_studios",
    responses=described(200, StudioList, "A page of studios, by name"),
)
def studios(
    name: Annotated[
        str, Query(description="The beginning of the studio's name.", max_length=100)
    ] = "",
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=100)] = 50,
    cursor: Cursor = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by signed_in()
) -> StudioList:
    """List the studios whose name begins so, regardless of case. Only for PPS.

    A page may be short or empty before the last one. Continue until `next_cursor` is null.
    """
    signed_in(app).require(Action.READ_STUDIOS)
    return studio_list(list_studios(name, limit, cursor))


@app.get(
    "/stops",
    summary="List what PPS has stopped",
    operation_id="list_stops",
    description=(
        "Refunds, payouts or messages that PPS has stopped for now, for the studio or for all, as "
        "far as the user's roles have to do with them. While refunds or messages are stopped, a "
        "request for a new one answers 409 `refunds_stopped` or `messages_stopped`. A stop and its "
        "end are seen within a minute."
    ),
    responses=described(200, StopList, "What is stopped, or an empty list"),
)
def stops(
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by signed_in()
) -> StopList:
    """List what PPS has stopped for now."""
    return stop_list(list_stops(signed_in(app)))


lambda_handler = api_handler(app)
