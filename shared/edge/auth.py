"""Who asks, from the verified ID token alone, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.domain.errors import ForbiddenError, RefundLimitError


class Role(StrEnum):
    """A user's role: a group of the Cognito user pool."""

    OWNER = "owner"
    STAFF = "staff"
    PRINT_OPERATOR = "print_operator"
    BOOKKEEPER = "bookkeeper"
    PPS_ADMIN = "pps_admin"


class Action(StrEnum):
    """What a route does, as far as roles are concerned."""

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


_DESK = frozenset({Role.OWNER, Role.STAFF})
_READERS = _DESK | {Role.BOOKKEEPER, Role.PPS_ADMIN}

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
}

# The most a role may send back of one order, all its refunds together, in minor units (1,000.00,
# or 100,000 of a currency without decimals). A role that is not here has no limit of its own.
REFUND_LIMIT: dict[Role, int] = {Role.STAFF: 100_000}


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified caller with roles: a studio's user, or PPS's own looking at a studio."""

    user: str
    studio_id: str
    roles: frozenset[Role]

    @property
    def of_pps(self) -> bool:
        """Whether it is one of PPS's own."""
        return Role.PPS_ADMIN in self.roles

    def require(self, action: Action) -> None:
        """Check that a role of the caller allows the action.

        Raises:
            ForbiddenError: None does.
        """
        if not self.roles & ALLOWED[action]:
            raise ForbiddenError(
                f"Your roles do not allow you to {action}. Ask your studio's owner.", "role"
            )

    @property
    def refund_limit(self) -> int | None:
        """The most of one order that this caller may refund, in minor units; None is no limit."""
        able = self.roles & ALLOWED[Action.REQUEST_REFUND]
        limits = [REFUND_LIMIT.get(role) for role in able]
        known = [limit for limit in limits if limit is not None]
        return max(known) if known and len(known) == len(limits) else None

    def require_within_limit(self, amount: int) -> None:
        """Check that the caller may refund that much of one order.

        Args:
            amount: What would be out of the order in all, in minor units.

        Raises:
            RefundLimitError: It is more than the caller's roles may.
        """
        limit = self.refund_limit
        if limit is not None and amount > limit:
            raise RefundLimitError(
                f"With this refund {amount} of the order would be refunded, and your role may "
                f"refund {limit} of one order. Ask your studio's owner."
            )


@dataclass(frozen=True, slots=True)
class Audience:
    """Whose tokens are taken: those that our user pool issued for our app client."""

    issuer: str
    client_id: str

    def require(self, claims: Mapping[str, Any]) -> None:
        """Check a token's claims, after API Gateway's authorizer: it is a second line.

        The authorizer verifies signature, expiry and pool. It takes access tokens as well as ID
        tokens, and those of any app client of the pool: that is ours to refuse.
        https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html

        Raises:
            ForbiddenError: It is no ID token, or was issued by or for somebody else.
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
    """Return the caller of a token that API Gateway's Cognito authorizer has verified.

    Args:
        claims: ``requestContext.authorizer.claims`` of the event.
        audience: Whose tokens are taken.
        named_studio_id: The studio that the request names; only PPS's own may name one.

    Raises:
        ForbiddenError: It is not an ID token of ours, or of a user without a studio.
    """
    audience.require(claims)
    user, studio_id = _user(claims), _text(claims, "custom:studio_id")
    roles = _roles(claims.get("cognito:groups"))
    if Role.PPS_ADMIN in roles:
        # Alone: who is of PPS reads, for any studio, and acts for none.
        studio_id, roles = named_studio_id, frozenset({Role.PPS_ADMIN})
    elif named_studio_id is not None:
        raise ForbiddenError(
            "Leave out `studio_id`: your studio is the one of your user.", "studio_named"
        )
    if user is None or not studio_id:
        raise ForbiddenError(
            "Sign in with a user of a studio; PPS's own name a studio with `?studio_id=`.",
            "no_user" if user is None else "no_studio",
        )
    return Caller(
        user=user,
        studio_id=studio_id,
        roles=roles,
    )


def _user(claims: Mapping[str, Any]) -> str | None:
    """Name the user for the ledger, which holds ids and can never forget: not by an address."""
    name = _text(claims, "cognito:username")
    return _text(claims, "sub") if name is None or "@" in name else name


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
