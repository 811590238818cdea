"""The rules for changing a studio's users: from what is known to what is to be recorded.

A drawing of a change's steps is in ``studio_user``.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.errors import (
    LastOwnerError,
    UserChangePendingError,
    UserDisabledError,
    UserExistsError,
    UserNotFoundError,
)
from shared.domain.studio_user import (
    Asked,
    Roster,
    StudioRole,
    StudioUser,
    UserChange,
    UserEvent,
    UserIntent,
    UserStatus,
)

# A function runs for 28 seconds at most.
LEASE = timedelta(seconds=30)


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
        UserDisabledError: The studio has this user, and disabled them.
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
    _require_enabled(known)
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
        UserDisabledError: The user is disabled.
        UserChangePendingError: Another change of this user is under way.
    """
    known = _require_known(known)
    _require_free(known, asked)
    _require_enabled(known)
    if known.role is role:
        repeat = _begun(known, known.status, asked)
        return UserIntent(repeat, roster, None) if known.is_pending else None
    # What was interrupted is finished with the new role.
    started = known.status in {UserStatus.INVITING, UserStatus.ENABLING}
    status = known.status if started else UserStatus.CHANGING
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
    return _ending(known, roster, UserStatus.REMOVING, UserEvent.REMOVED, asked)


def disable(known: StudioUser | None, roster: Roster, asked: Asked) -> UserIntent | None:
    """Return the intent to keep a user from signing in for a while, or None if that is done.

    Raises:
        UserNotFoundError: The studio has no such user.
        LastOwnerError: The user is the studio's last owner.
        UserChangePendingError: Another change of this user is under way.
    """
    known = _require_known(known)
    if known.status is UserStatus.DISABLED:
        return None
    return _ending(known, roster, UserStatus.DISABLING, UserEvent.DISABLED, asked)


def enable(known: StudioUser | None, roster: Roster, asked: Asked) -> UserIntent | None:
    """Return the intent to let a disabled user sign in again, or None if that is done.

    Raises:
        UserNotFoundError: The studio has no such user.
        UserChangePendingError: Another change of this user is under way.
    """
    known = _require_known(known)
    if known.status is UserStatus.ACTIVE:
        return None
    _require_free(known, asked)
    if not known.is_disabled:  # another change was interrupted, which this finishes
        return UserIntent(_begun(known, known.status, asked), roster, None)
    user = _begun(known, UserStatus.ENABLING, asked)
    return UserIntent(user, roster, _change(UserEvent.ENABLED, user, asked))


def adopt(
    known: StudioUser | None, roster: Roster, wanted: StudioUser, asked: Asked
) -> UserIntent | None:
    """Return the intent to record a user whom the user pool has, or None if the studio has them.

    Raises:
        UserChangePendingError: A change of this user is under way.
    """
    if known is not None:
        _require_free(known, asked)
        if not known.is_gone:
            repeat = _begun(known, known.status, asked)
            return UserIntent(repeat, roster, None) if known.is_pending else None
    version = known.version if known else 0
    user = _begun(replace(wanted, version=version), UserStatus.ENABLING, asked)
    return UserIntent(user, roster, _change(UserEvent.ADOPTED, user, asked))


def erase(known: StudioUser, roster: Roster, asked: Asked) -> tuple[StudioUser, Roster]:
    """Return a user without name and address, held as one who is removed, and the roster after it.

    The hold keeps an invitation out until the user pool has deleted them. An erasure that was
    interrupted is taken over at once, because two of them do the same. After a restore a user may
    be a member again, even the last owner: that they are gone is a fact, so it is recorded.

    Raises:
        UserChangePendingError: Another change of this user is under way.
    """
    if known != known.erased():
        _require_free(known, asked)
    user = _begun(known.erased(), UserStatus.REMOVING, asked)
    return user, replace(roster, owners=roster.owners - {user.user_id})


def done(user: StudioUser, roster: Roster) -> tuple[StudioUser, Roster]:
    """Return a user and the roster after the user pool has the change."""
    if user.status is UserStatus.REMOVING:
        return replace(user, status=UserStatus.REMOVED), roster
    if user.status is UserStatus.DISABLING:
        return replace(user, status=UserStatus.DISABLED), roster
    owners = roster.owners | ({user.user_id} if user.role is StudioRole.OWNER else set())
    return replace(user, status=UserStatus.ACTIVE), replace(roster, owners=owners)


def _ending(
    known: StudioUser, roster: Roster, status: UserStatus, event: UserEvent, asked: Asked
) -> UserIntent:
    """Return the intent to end a user's access, or to finish one that was interrupted.

    Raises:
        LastOwnerError: No owner would be left.
        UserChangePendingError: Another change of this user is under way.
    """
    _require_free(known, asked)
    user = _begun(known, status, asked)
    if known.status is status:
        return UserIntent(user, roster, None)
    return UserIntent(user, _without_owner(roster, known), _change(event, user, asked))


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


def _require_known(user: StudioUser | None) -> StudioUser:
    if user is None or user.is_gone:
        raise UserNotFoundError("Your studio has no such user.")
    return user


def _require_enabled(user: StudioUser) -> None:
    if user.is_disabled:
        raise UserDisabledError("This user is disabled. PPS can enable them again.")


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
