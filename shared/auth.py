"""Who asks, from the verified ID token alone, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.domain.errors import ForbiddenError


class Role(StrEnum):
    """A user's role: a group of the Cognito user pool."""

    OWNER = "owner"
    STAFF = "staff"
    PRINT_OPERATOR = "print_operator"
    BOOKKEEPER = "bookkeeper"
    PPS_ADMIN = "pps_admin"


class Action(StrEnum):
    """What a route does, as far as roles are concerned."""

    REQUEST_REFUND = "request a refund"
    READ_REFUND = "read a refund"


ALLOWED: dict[Action, frozenset[Role]] = {
    Action.REQUEST_REFUND: frozenset({Role.OWNER, Role.STAFF}),
    Action.READ_REFUND: frozenset({Role.OWNER, Role.STAFF, Role.BOOKKEEPER}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified caller: one studio's user, with roles."""

    user: str
    studio_id: str
    roles: frozenset[Role]

    def require(self, action: Action) -> None:
        """Check that a role of the caller allows the action.

        Raises:
            ForbiddenError: None does.
        """
        if not self.roles & ALLOWED[action]:
            raise ForbiddenError(
                f"Your roles do not allow you to {action}. Ask your studio's owner."
            )


def caller_from(claims: Mapping[str, Any]) -> Caller:
    """Return the caller of a token that API Gateway's Cognito authorizer has verified.

    Args:
        claims: ``requestContext.authorizer.claims`` of the event.

    Raises:
        ForbiddenError: It is not an ID token, or of a user without a studio.
    """
    user, studio_id = _text(claims, "cognito:username"), _text(claims, "custom:studio_id")
    if claims.get("token_use") != "id" or user is None or studio_id is None:
        raise ForbiddenError("Sign in with a user of a studio and send its ID token.")
    return Caller(
        user=user,
        studio_id=studio_id,
        roles=_roles(claims.get("cognito:groups")),
    )


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None


def _roles(groups: object) -> frozenset[Role]:
    """Read the groups, which a REST API's authorizer hands over as one string.

    Parsed exactly: a group whose name merely contains a role's name gives nothing.
    """
    if isinstance(groups, str):
        names = groups.strip("[]").replace(",", " ").split()
    elif isinstance(groups, list):
        names = [str(name) for name in groups]
    else:
        names = []
    return frozenset(Role(name) for name in names if name in Role)
