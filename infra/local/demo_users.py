"""The demo's users: one for each role in each studio, and one PPS admin."""

import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from infra.local.engine import Aws
from shared.clock import rfc3339, utc_now
from shared.domain.studio_user import StudioRole, StudioUser, UserStatus
from shared.gateways.conflict import StaleStateError
from shared.gateways.studio_users import StudioUsers

STUDIO_ROLES = ("owner", "staff", "print_operator", "bookkeeper")
ADMIN_ROLE = "pps_admin"

# What the users are called, in each studio.
DEMO_NAMES = {
    "owner": "Olivia Owens",
    "staff": "Sam Stone",
    "print_operator": "Priya Patel",
    "bookkeeper": "Ben Brooks",
    ADMIN_ROLE: "Alex Adams",
}


@dataclass(frozen=True)
class DemoUser:
    """A user who can sign in.

    Attributes:
        name: The user name.
        password: The password, new in each run.
        token: An ID token, for calling the API without signing in.
    """

    name: str
    password: str
    token: str


def sign_in_demo_users(
    aws: Aws, *, pool_id: str, client_id: str, orders_table: str, studios: Iterable[str]
) -> dict[str, dict[str, DemoUser]]:
    """Create the users that do not exist yet, record them with their studios, and sign them in.

    Returns:
        The users by studio and role. The PPS admin belongs to no studio, so each
        studio lists the same user for that role.
    """

    def sign_in(role: str, studio_id: str | None) -> DemoUser:
        name = role if studio_id is None else f"{role}.{studio_id}"
        password = secrets.token_urlsafe(9) + "!aA1"  # one of each kind that the pool asks for
        _create_user(aws, pool_id, name, role, studio_id)
        aws.cognito.admin_set_user_password(
            UserPoolId=pool_id, Username=name, Password=password, Permanent=True
        )
        aws.cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=name, GroupName=role)
        signed_in = aws.cognito.admin_initiate_auth(
            UserPoolId=pool_id,
            ClientId=client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        return DemoUser(name, password, signed_in["AuthenticationResult"]["IdToken"])

    studios = list(studios)
    wanted = [(role, studio) for studio in studios for role in STUDIO_ROLES]
    with ThreadPoolExecutor(4) as pool:
        users = list(pool.map(lambda user: sign_in(*user), [*wanted, (ADMIN_ROLE, None)]))
    for studio in studios:
        _record_users(aws, orders_table, studio)
    admin = users.pop()
    by_studio = {studio: {ADMIN_ROLE: admin} for studio in studios}
    for (role, studio), user in zip(wanted, users, strict=True):
        by_studio[studio][role] = user
    return by_studio


def _record_users(aws: Aws, orders_table: str, studio_id: str) -> None:
    """Record a studio's users, as inviting them would have done."""
    users = [
        StudioUser(
            studio_id=studio_id,
            user_id=f"{role}.{studio_id}",
            name=DEMO_NAMES[role],
            role=StudioRole(role),
            status=UserStatus.ACTIVE,
            changed_at=rfc3339(utc_now()),
            changed_by="demo",
        )
        for role in STUDIO_ROLES
    ]
    # An earlier run with KEEP=1 may have recorded them.
    with suppress(StaleStateError):
        StudioUsers(aws.dynamodb, orders_table).add_existing(studio_id, users)


def _create_user(aws: Aws, pool_id: str, name: str, role: str, studio_id: str | None) -> None:
    attributes = [{"Name": "name", "Value": DEMO_NAMES[role]}]
    if studio_id is not None:
        attributes.append({"Name": "custom:studio_id", "Value": studio_id})
    # An earlier run with KEEP=1 may have created the user.
    with suppress(aws.cognito.exceptions.UsernameExistsException):
        aws.cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=name,
            MessageAction="SUPPRESS",
            UserAttributes=attributes,  # type: ignore[arg-type] # a list of plain dictionaries
        )
