"""The users of a studio, and what is recorded of their changes.

A change is recorded as an intent, then made in the user pool, then recorded as done:

    owner asks ──► intent (inviting, changing, …) ──► user pool ──► done (active, disabled, removed)

One change of a user runs at a time: an intent holds the user for ``LEASE``, longer than a function
may run. After that the same request, or another one, takes over what was interrupted.
"""

import hashlib
from base64 import b32encode
from dataclasses import dataclass, replace
from enum import StrEnum


class StudioRole(StrEnum):
    """A role that a studio's owner can give."""

    OWNER = "owner"
    STAFF = "staff"
    PRINT_OPERATOR = "print_operator"
    BOOKKEEPER = "bookkeeper"


class UserStatus(StrEnum):
    """Where a user's last change stands. ``ACTIVE``, ``DISABLED`` and ``REMOVED`` are done."""

    INVITING = "inviting"
    CHANGING = "changing"
    ACTIVE = "active"
    DISABLING = "disabling"
    DISABLED = "disabled"
    ENABLING = "enabling"
    REMOVING = "removing"
    REMOVED = "removed"


class UserEvent(StrEnum):
    """What an owner or an operator did to a user."""

    INVITED = "invited"
    ADOPTED = "adopted"
    ROLE_CHANGED = "role_changed"
    DISABLED = "disabled"
    ENABLED = "enabled"
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
        return self.status not in {UserStatus.ACTIVE, UserStatus.DISABLED, UserStatus.REMOVED}

    @property
    def is_disabled(self) -> bool:
        """Whether the user is disabled, or is being disabled."""
        return self.status in {UserStatus.DISABLING, UserStatus.DISABLED}

    def erased(self) -> "StudioUser":
        """Return the user without name and address."""
        return replace(self, name=erased_name(self.studio_id, self.user_id), email=None)


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
    return f"user_{_digest(f'user {studio_id}\n{email.lower()}').lower()[:12]}"


def erased_name(studio_id: str, user_id: str) -> str:
    """Return what an erased user is called. It tells a studio's erased users apart.

    It does not have the id: somebody may have chosen that in the user pool, and it may be a name.
    """
    return f"Erased user {_digest(f'erased user {studio_id}\n{user_id}')[:4]}"


def may_change(user: StudioUser, roster: Roster) -> bool:
    """Return whether a user's role may change."""
    return may_remove(user, roster) and not user.is_disabled


def may_remove(user: StudioUser, roster: Roster) -> bool:
    """Return whether a user may be removed."""
    return not user.is_gone and roster.owners != {user.user_id}


def _digest(text: str) -> str:
    return b32encode(hashlib.sha256(text.encode()).digest()).decode()
