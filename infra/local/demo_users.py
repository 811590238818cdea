"""Demo users: one for each studio and role, and one of PPS's own."""

import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from infra.local.engine import Aws

STUDIO_ROLES = ("owner", "staff", "print_operator", "bookkeeper")
ADMIN_ROLE = "pps_admin"


def sign_in_demo_users(
    aws: Aws, *, pool_id: str, client_id: str, studios: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Make the users, where they are not there yet, and sign them in.

    Returns:
        ID tokens by studio and role. PPS's operator belongs to no studio and
        stands beside each one's own people.
    """

    def token(role: str, studio_id: str | None) -> str:
        name = role if studio_id is None else f"{role}.{studio_id}"
        password = secrets.token_urlsafe(24) + "aA1!"
        _make_user(aws, pool_id, name, studio_id)
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
        return signed_in["AuthenticationResult"]["IdToken"]

    studios = list(studios)
    wanted = [(role, studio) for studio in studios for role in STUDIO_ROLES]
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda who: token(*who), [*wanted, (ADMIN_ROLE, None)]))
    admin = tokens.pop()
    by_studio: dict[str, dict[str, str]] = {studio: {ADMIN_ROLE: admin} for studio in studios}
    for (role, studio), issued in zip(wanted, tokens, strict=True):
        by_studio[studio][role] = issued
    return by_studio


def _make_user(aws: Aws, pool_id: str, name: str, studio_id: str | None) -> None:
    attributes = [] if studio_id is None else [{"Name": "custom:studio_id", "Value": studio_id}]
    # A user may be there already, kept from an earlier run.
    with suppress(aws.cognito.exceptions.UsernameExistsException):
        aws.cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=name,
            MessageAction="SUPPRESS",
            UserAttributes=attributes,  # type: ignore[arg-type] # as the API has it
        )
