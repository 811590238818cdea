"""Responses about users. Times RFC 3339 in UTC."""

from typing import Literal

from shared.domain.studio_user import (
    Roster,
    StudioRole,
    StudioUser,
    UserChange,
    UserEvent,
    UserStatus,
    may_change,
    may_remove,
)
from shared.edge.auth import ALLOWED, Action, Caller
from shared.views.people import Names, shown_name
from shared.views.view import View


class UserView(View):
    """A user of the studio.

    `status` is `active` or `disabled`, or says which change is not finished: ask for the same
    change again to finish it. A disabled user cannot sign in. `actions` are what the caller may do.
    The last owner can be neither changed nor removed.
    """

    user_id: str
    name: str
    email: str | None
    role: StudioRole
    status: UserStatus
    changed_at: str
    changed_by: str
    changed_by_name: str
    is_you: bool
    actions: list[Literal["change_role", "remove"]]


class UserChangeView(View):
    """What was done to a user, when and by whom."""

    at: str
    by: str
    by_name: str
    event: UserEvent
    user_id: str
    user_name: str
    role: StudioRole
    previous_role: StudioRole | None


class UserList(View):
    """The studio's users, and their last changes, the newest first."""

    items: list[UserView]
    changes: list[UserChangeView]


def user_list(
    users: list[StudioUser], roster: Roster, changes: list[UserChange], who: Caller
) -> UserList:
    """Return the users who were not removed, owners first, and what was changed."""
    names = {user.user_id: user.name for user in users}
    shown = [user for user in users if user.status is not UserStatus.REMOVED]
    order = list(StudioRole)
    shown.sort(key=lambda user: (order.index(user.role), user.name.casefold(), user.user_id))
    return UserList(
        items=[user_view(user, roster, who, names) for user in shown],
        changes=[_change_view(change, names) for change in changes],
    )


def user_view(user: StudioUser, roster: Roster, who: Caller, names: Names) -> UserView:
    """Return a user as the API shows them. ``names`` says what users are called."""
    manages = bool(who.roles & ALLOWED[Action.MANAGE_USERS])
    actions: list[Literal["change_role", "remove"]] = []
    if manages and may_change(user, roster):
        actions.append("change_role")
    if manages and may_remove(user, roster):
        actions.append("remove")
    return UserView(
        user_id=user.user_id,
        name=user.name,
        email=user.email,
        role=user.role,
        status=user.status,
        changed_at=user.changed_at,
        changed_by=user.changed_by,
        changed_by_name=shown_name(names, user.changed_by),
        is_you=user.user_id == who.user,
        actions=actions,
    )


def _change_view(change: UserChange, names: Names) -> UserChangeView:
    return UserChangeView(
        at=change.at,
        by=change.by,
        by_name=shown_name(names, change.by),
        event=change.event,
        user_id=change.user_id,
        user_name=shown_name(names, change.user_id),
        role=change.role,
        previous_role=change.previous_role,
    )
