"""Lambda behind API Gateway, and called by the operator command: the studio's users."""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.users.bodies import InvitationBody, RoleBody
from functions.users.change_users import ChangeUsers
from functions.users.views import UserList, UserView, user_list, user_view
from shared.clock import utc_now
from shared.domain.studio_user import StudioUser
from shared.edge.auth import Action, Caller
from shared.edge.http import NamedStudio, api_handler, api_resolver, caller, described
from shared.edge.observability import logger, metrics
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.people import People
from shared.gateways.studio_users import StudioUsers
from shared.gateways.user_pool import UserPool

if TYPE_CHECKING:
    from functions.users.operator_commands import OperatorCommands

_CHANGES_SHOWN = 100

users = StudioUsers(aws.client("dynamodb"), setting("ORDERS_TABLE"))
people = People(aws.client("dynamodb"), setting("ORDERS_TABLE"))
change_users = ChangeUsers(
    users, UserPool(aws.client("cognito-idp"), setting("USER_POOL_ID")), utc_now
)

app = api_resolver()

UserId = Annotated[str, Path(description="The user's id.", pattern=r"^[A-Za-z0-9_.+-]{1,128}$")]


@app.get(
    "/users",
    summary="List the studio's users",
    operation_id="list_users",
    responses=described(200, UserList, "The users, owners first, and their last changes"),
)
def list_all(
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> UserList:
    """List the studio's users with their roles, and who changed what."""
    who = caller(app)
    who.require(Action.READ_USERS)
    changes = users.newest_changes(who.studio_id, _CHANGES_SHOWN)
    return user_list(users.all(who.studio_id), users.roster(who.studio_id), changes, who)


@app.post(
    "/users",
    summary="Invite a user",
    operation_id="invite_user",
    description=(
        "Invite a person by email. They get a user name and a first password. A repeat changes "
        "nothing, and finishes an invitation that was interrupted."
    ),
    responses=described(201, UserView, "The user"),
)
def invite(body: Annotated[InvitationBody, Body()]) -> Response[UserView]:
    """Invite a person to the studio."""
    who = caller(app)
    who.require(Action.MANAGE_USERS)
    user = change_users.invite(who, body.email, body.name, body.role)
    return Response(201, content_type="application/json", body=_shown(user, who))


@app.patch(
    "/users/<user_id>",
    summary="Change a user's role",
    operation_id="change_user_role",
    description="Their sessions end, so that they sign in with the new role.",
    responses=described(200, UserView, "The user with the new role"),
)
def change_role(user_id: UserId, body: Annotated[RoleBody, Body()]) -> UserView:
    """Give a user another role. The last owner stays an owner."""
    who = caller(app)
    who.require(Action.MANAGE_USERS)
    return _shown(change_users.change_role(who, user_id, body.role), who)


@app.delete(
    "/users/<user_id>",
    summary="Remove a user",
    operation_id="remove_user",
    description="They cannot sign in any more, and their sessions end. What they did stays.",
    responses=described(200, UserView, "The user, removed"),
)
def remove(user_id: UserId) -> UserView:
    """Remove a user from the studio. The last owner cannot be removed."""
    who = caller(app)
    who.require(Action.MANAGE_USERS)
    return _shown(change_users.remove(who, user_id), who)


def _shown(user: StudioUser, who: Caller) -> UserView:
    logger.info("user changed", user=who.user, changed_user=user.user_id, role=user.role)
    names = people.names(who.studio_id, [user.changed_by])
    return user_view(user, users.roster(who.studio_id), who, names)


@cache
def operator_commands() -> "OperatorCommands":
    """Return what operators call. Requests of the API do not load it."""
    from functions.users.operator_commands import OperatorCommands  # noqa: PLC0415  # rarely needed
    from shared.gateways.studios import Studios  # noqa: PLC0415  # rarely needed

    studios = Studios(aws.client("dynamodb"), setting("ORDERS_TABLE"))
    return OperatorCommands(users, studios, change_users)


_answer_api = api_handler(app)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def _answer_operator(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda's signature
    return operator_commands()(event)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request of the API, or a call of the operator command.

    API Gateway sets ``httpMethod`` on every event, so no request can pass for an operator's call.
    """
    answer = _answer_api if "httpMethod" in event else _answer_operator
    return answer(event, context)
