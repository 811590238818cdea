"""The users of a studio, and the rules for changing them.

A change is recorded as an intent, then made in the user pool, then recorded as done:

    owner asks ──► intent (inviting, changing, removing) ──► user pool ──► done (active, removed)

One change of a user runs at a time: an intent holds the user for ``LEASE``, longer than a function
may run. After that the same request, or another one, takes over what was interrupted.
"""

import hashlib
from base64 import b32encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.errors import (
    LastOwnerError,
    UserChangePendingError,
    UserExistsError,
    UserNotFoundError,
)

# A function runs for 28 seconds at most.
LEASE = timedelta(seconds=30)


class StudioRole(StrEnum):
    """A role that a studio's owner can give."""

    OWNER = "owner"
    STAFF = "staff"
    PRINT_OPERATOR = "print_operator"
    BOOKKEEPER = "bookkeeper"


class UserStatus(StrEnum):
    """Where a user's last change stands. Only ``ACTIVE`` and ``REMOVED`` are done."""

    INVITING = "inviting"
    CHANGING = "changing"
    ACTIVE = "active"
    REMOVING = "removing"
    REMOVED = "removed"


class UserEvent(StrEnum):
    """What an owner did to a user."""

    INVITED = "invited"
    ROLE_CHANGED = "role_changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class StudioUser:
    """A user of a studio. ``user_id`` is the name in the user pool, and what the ledger keeps.

    ``email`` is None for a user who was not invited here. ``changed_at`` is RFC 3339 in UTC, and
    ``changed_by`` the user who asked for the change.
    """

    studio_id: str
    user_id: str
    name: str
    role: StudioRole
    status: UserStatus
    changed_at: str
    changed_by: str
    email: str | None = None
    version: int = 0

    @property
    def is_gone(self) -> bool:
        """Whether the user was removed, or is being removed."""
        return self.status in {UserStatus.REMOVING, UserStatus.REMOVED}

    @property
    def is_pending(self) -> bool:
        """Whether the last change is not done yet."""
        return self.status not in {UserStatus.ACTIVE, UserStatus.REMOVED}


@dataclass(frozen=True, slots=True)
class Roster:
    """Who owns a studio: those who are owners in the user pool for certain.

    Every change of a user also writes the roster, so no two changes can both leave the last owner.
    """

    studio_id: str
    owners: frozenset[str] = frozenset()
    version: int = 0


@dataclass(frozen=True, slots=True)
class UserChange:
    """A record of what was done to a user, when (RFC 3339, UTC) and by whom."""

    studio_id: str
    at: str
    by: str
    event: UserEvent
    user_id: str
    role: StudioRole
    previous_role: StudioRole | None = None


@dataclass(frozen=True, slots=True)
class UserIntent:
    """What to record before the user pool is changed. ``change`` is None if it is a repeat."""

    user: StudioUser
    roster: Roster
    change: UserChange | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a change of a user, and when."""

    by: str
    at: str


def user_id_of_email(studio_id: str, email: str) -> str:
    """Return the id of a studio's user with this address. It never changes."""
    digest = hashlib.sha256(f"user {studio_id}\n{email.lower()}".encode()).digest()
    return f"user_{b32encode(digest).decode().lower()[:12]}"


def invite(
    known: StudioUser | None, roster: Roster, wanted: StudioUser, asked: Asked
) -> UserIntent | None:
    """Return the intent to invite a user, or None if nothing is left to do.

    Args:
        known: The user as stored, if there is one with this address.
        roster: The studio's owners.
        wanted: The user to invite.
        asked: Who asks.

    Raises:
        UserExistsError: The studio has this user, with another role.
        UserChangePendingError: Another change of this user is under way.
    """
    if known is not None:
        _require_free(known, asked)
    if known is None or known.is_gone:
        version = known.version if known else 0
        user = _begun(replace(wanted, version=version), UserStatus.INVITING, asked)
        return UserIntent(user, roster, _change(UserEvent.INVITED, user, asked))
    if known.role is not wanted.role:
        raise UserExistsError("Your studio has this user already. Change their role instead.")
    if not known.is_pending:
        return None
    return UserIntent(_begun(known, known.status, asked), roster, None)


def change_role(
    known: StudioUser | None, roster: Roster, role: StudioRole, asked: Asked
) -> UserIntent | None:
    """Return the intent to give a user another role, or None if nothing is left to do.

    Raises:
        UserNotFoundError: The studio has no such user.
        LastOwnerError: The user is the studio's last owner.
        UserChangePendingError: Another change of this user is under way.
    """
    if known is None or known.is_gone:
        raise UserNotFoundError("Your studio has no such user.")
    _require_free(known, asked)
    if known.role is role:
        repeat = _begun(known, known.status, asked)
        return UserIntent(repeat, roster, None) if known.is_pending else None
    # An invitation that was interrupted is finished with the new role.
    status = UserStatus.INVITING if known.status is UserStatus.INVITING else UserStatus.CHANGING
    user = _begun(replace(known, role=role), status, asked)
    change = _change(UserEvent.ROLE_CHANGED, user, asked, known.role)
    return UserIntent(user, _without_owner(roster, known), change)


def remove(known: StudioUser | None, roster: Roster, asked: Asked) -> UserIntent | None:
    """Return the intent to remove a user, or None if nothing is left to do.

    Raises:
        UserNotFoundError: The studio has no such user.
        LastOwnerError: The user is the studio's last owner.
        UserChangePendingError: Another change of this user is under way.
    """
    if known is None:
        raise UserNotFoundError("Your studio has no such user.")
    if known.status is UserStatus.REMOVED:
        return None
    _require_free(known, asked)
    user = _begun(known, UserStatus.REMOVING, asked)
    if known.status is UserStatus.REMOVING:
        return UserIntent(user, roster, None)
    change = _change(UserEvent.REMOVED, user, asked)
    return UserIntent(user, _without_owner(roster, known), change)


def done(user: StudioUser, roster: Roster) -> tuple[StudioUser, Roster]:
    """Return a user and the roster after the user pool has the change."""
    if user.status is UserStatus.REMOVING:
        return replace(user, status=UserStatus.REMOVED), roster
    owners = roster.owners | ({user.user_id} if user.role is StudioRole.OWNER else set())
    return replace(user, status=UserStatus.ACTIVE), replace(roster, owners=owners)


def may_change(user: StudioUser, roster: Roster) -> bool:
    """Return whether a user's role may change and the user may be removed."""
    return not user.is_gone and roster.owners != {user.user_id}


def _without_owner(roster: Roster, user: StudioUser) -> Roster:
    """Return the roster without an owner, before the user pool is changed.

    Raises:
        LastOwnerError: No owner would be left.
    """
    if user.user_id not in roster.owners:
        return roster
    left = roster.owners - {user.user_id}
    if not left:
        raise LastOwnerError(
            "This is the studio's last owner. Make another user an owner first, then try again."
        )
    return replace(roster, owners=left)


def _require_free(user: StudioUser, asked: Asked) -> None:
    free_at = datetime.fromisoformat(user.changed_at) + LEASE
    if user.is_pending and datetime.fromisoformat(asked.at) < free_at:
        raise UserChangePendingError(
            "Another change of this user is under way. Try again in half a minute."
        )


def _begun(user: StudioUser, status: UserStatus, asked: Asked) -> StudioUser:
    return replace(user, status=status, changed_at=asked.at, changed_by=asked.by)


def _change(
    event: UserEvent, user: StudioUser, asked: Asked, previous: StudioRole | None = None
) -> UserChange:
    return UserChange(user.studio_id, asked.at, asked.by, event, user.user_id, user.role, previous)
