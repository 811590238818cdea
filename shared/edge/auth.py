"""The caller, read from the verified ID token alone, and what their roles allow."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.domain.errors import ForbiddenError
from shared.domain.person import display_name


class Role(StrEnum):
    """A user's role: a group of the Cognito user pool."""

    OWNER = "owner"
    STAFF = "staff"
    PRINT_OPERATOR = "print_operator"
    BOOKKEEPER = "bookkeeper"
    PPS_ADMIN = "pps_admin"


class Action(StrEnum):
    """What a caller wants to do. ``ALLOWED`` lists the roles for each action."""

    READ_ORDERS = "look at orders"
    REQUEST_REFUND = "request a refund"
    READ_REFUND = "read a refund"
    CANCEL_FULFILLMENT = "cancel fulfillment"
    READ_PRINT_QUEUE = "look at the print queue"
    WORK_PRINT_QUEUE = "claim, print and ship"
    SEND_MESSAGE = "write to the parent"
    READ_REPORTS = "read reports"
    READ_PAYOUTS = "read payouts"
    READ_ATTENTION = "see what needs attention"
    RESOLVE = "resolve what needs attention"
    READ_ADJUSTMENTS = "read manual adjustments"
    PROPOSE_ADJUSTMENT = "propose a manual adjustment"
    DECIDE_ADJUSTMENT = "approve or reject a manual adjustment"
    READ_STUDIOS = "see all studios"
    READ_USERS = "see the studio's users"
    MANAGE_USERS = "invite, change and remove users"

    @property
    def code(self) -> str:
        """The action's stable name in the API."""
        return self.name.lower()


_DESK = frozenset({Role.OWNER, Role.STAFF})
_READERS = _DESK | {Role.BOOKKEEPER, Role.PPS_ADMIN}
_PPS = frozenset({Role.PPS_ADMIN})

ALLOWED: dict[Action, frozenset[Role]] = {
    Action.READ_ORDERS: _READERS,
    Action.REQUEST_REFUND: _DESK,
    Action.READ_REFUND: _READERS,
    Action.CANCEL_FULFILLMENT: _DESK,
    Action.READ_PRINT_QUEUE: _DESK | {Role.PRINT_OPERATOR, Role.PPS_ADMIN},
    Action.WORK_PRINT_QUEUE: frozenset({Role.OWNER, Role.PRINT_OPERATOR}),
    Action.SEND_MESSAGE: _DESK,
    Action.READ_REPORTS: _READERS,
    Action.READ_PAYOUTS: frozenset({Role.OWNER, Role.BOOKKEEPER, Role.PPS_ADMIN}),
    Action.READ_ATTENTION: _READERS,
    Action.RESOLVE: _DESK,
    Action.READ_ADJUSTMENTS: frozenset({Role.OWNER, Role.BOOKKEEPER, Role.PPS_ADMIN}),
    Action.READ_USERS: frozenset({Role.OWNER, Role.PPS_ADMIN}),
    Action.MANAGE_USERS: frozenset({Role.OWNER}),
    # The only writes of PPS admins. It takes two of them.
    Action.PROPOSE_ADJUSTMENT: _PPS,
    Action.DECIDE_ADJUSTMENT: _PPS,
    Action.READ_STUDIOS: _PPS,
}

# The most a role may refund of one order, all its refunds together: so many US dollars, or about as
# much in the studio's currency. A studio may set its own. A role that is not here has no limit.
REFUND_LIMIT_USD: dict[Role, int] = {Role.STAFF: 1_000}


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified caller with roles: a studio's user, or a PPS admin who names a studio.

    ``user`` is the id that the ledger keeps. Nobody can change their own.
    """

    user: str
    studio_id: str
    roles: frozenset[Role]

    @property
    def is_pps_admin(self) -> bool:
        """Whether the caller is a PPS admin, who may read any studio and only adjust it."""
        return Role.PPS_ADMIN in self.roles

    @property
    def named_studio_id(self) -> str | None:
        """The studio that a PPS admin names in each request, or None for a studio's own people."""
        return self.studio_id if self.is_pps_admin else None

    def require(self, action: Action) -> None:
        """Check that a role of the caller allows the action.

        Raises:
            ForbiddenError: No role does.
        """
        require(self.roles, action)

    @property
    def refund_limit_usd(self) -> int | None:
        """The most of one order that this caller may refund, in US dollars; None is no limit."""
        refunding_roles = self.roles & ALLOWED[Action.REQUEST_REFUND]
        limits = [REFUND_LIMIT_USD[role] for role in refunding_roles if role in REFUND_LIMIT_USD]
        is_limited = bool(limits) and len(limits) == len(refunding_roles)
        return max(limits) if is_limited else None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The verified user of a token, who may have no studio: a PPS admin who names none.

    ``name`` is what the page calls the user, or None if the token has no name.
    """

    user: str
    name: str | None
    studio_id: str | None
    roles: frozenset[Role]

    @property
    def is_pps_admin(self) -> bool:
        """Whether the user is a PPS admin."""
        return Role.PPS_ADMIN in self.roles

    @property
    def allowed_actions(self) -> list[Action]:
        """What the user's roles allow."""
        return [action for action in Action if self.roles & ALLOWED[action]]

    def require(self, action: Action) -> None:
        """Check that a role of the user allows the action.

        Raises:
            ForbiddenError: No role does.
        """
        require(self.roles, action)

    def caller(self) -> Caller:
        """Return the caller of a request about a studio.

        Raises:
            ForbiddenError: The user has no studio, or names none.
        """
        if self.studio_id is None:
            raise ForbiddenError(_NO_STUDIO, "no_studio")
        return Caller(self.user, self.studio_id, self.roles)


_NO_STUDIO = "Sign in with a user of a studio. A PPS admin names a studio with `?studio_id=`."


def require(roles: frozenset[Role], action: Action) -> None:
    """Check that one of the roles allows the action.

    Raises:
        ForbiddenError: None does.
    """
    if not roles & ALLOWED[action]:
        who = "PPS" if ALLOWED[action] == _PPS else "your studio's owner"
        raise ForbiddenError(f"Your roles do not allow you to {action}. Ask {who}.", "role")


@dataclass(frozen=True, slots=True)
class Audience:
    """The tokens to accept: those that our user pool issued for our app client."""

    issuer: str
    client_id: str

    def require(self, claims: Mapping[str, Any]) -> None:
        """Check a token's claims, which API Gateway's authorizer has already verified.

        The authorizer verifies signature, expiry and pool. But it also accepts access tokens, and
        tokens of other app clients of the pool. This check refuses those.
        https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html

        Raises:
            ForbiddenError: It is not an ID token, or has another issuer or app client.
        """
        for claim, expected, reason in (
            ("token_use", "id", "token_use"),
            ("iss", self.issuer, "issuer"),
            ("aud", self.client_id, "audience"),
        ):
            if claims.get(claim) != expected:
                raise ForbiddenError("Sign in to the dashboard and send the ID token.", reason)


def caller_from(
    claims: Mapping[str, Any], audience: Audience, named_studio_id: str | None = None
) -> Caller:
    """Return the caller of a token, like ``signed_in_from``, who has a studio.

    Raises:
        ForbiddenError: The token is not accepted, or its user has no studio.
    """
    return signed_in_from(claims, audience, named_studio_id).caller()


def signed_in_from(
    claims: Mapping[str, Any], audience: Audience, named_studio_id: str | None = None
) -> SignedIn:
    """Return the user of a token that API Gateway's Cognito authorizer has verified.

    Args:
        claims: ``requestContext.authorizer.claims`` of the event.
        audience: The tokens to accept.
        named_studio_id: The studio that the request names. Only a PPS admin may name one.

    Raises:
        ForbiddenError: The token is not accepted, or a studio's user has no studio or names one.
    """
    audience.require(claims)
    user, studio_id = user_id_of(claims), _text(claims, "custom:studio_id")
    roles = _roles(claims.get("cognito:groups"))
    if Role.PPS_ADMIN in roles:
        # PPS admins may read any studio and only adjust it, so they keep no other role.
        studio_id, roles = named_studio_id, frozenset({Role.PPS_ADMIN})
    elif named_studio_id is not None:
        raise ForbiddenError(
            "Leave out `studio_id`. Only a PPS admin may name a studio.", "studio_named"
        )
    if user is None:
        raise ForbiddenError(_NO_STUDIO, "no_user")
    if not studio_id and Role.PPS_ADMIN not in roles:
        raise ForbiddenError(_NO_STUDIO, "no_studio")
    name = display_name(claims.get("name"), claims.get("email"))
    return SignedIn(user, name, studio_id or None, roles)


def user_id_of(claims: Mapping[str, Any]) -> str | None:
    """Return the user's id for the ledger, never an email address: entries cannot be erased."""
    name = _text(claims, "cognito:username")
    return _text(claims, "sub") if name is None or "@" in name else name


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None


def _roles(groups: object) -> frozenset[Role]:
    """Return the roles among the groups, which a REST API's authorizer gives as one string.

    A group must have exactly a role's name. If it only contains the name, it gives no role.
    """
    if isinstance(groups, str):
        names = groups.strip("[]").replace(",", " ").split()
    elif isinstance(groups, list):
        names = [str(name) for name in groups]
    else:
        names = []
    return frozenset(Role(name) for name in names if name in Role)
