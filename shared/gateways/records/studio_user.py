"""A studio's users in OrdersTable: each user, who owns the studio, and what was changed."""

from dataclasses import fields

from shared.domain.studio_user import (
    Roster,
    StudioRole,
    StudioUser,
    UserChange,
    UserEvent,
    UserStatus,
)
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    CHANGE_PREFIX,
    MEMBER_PREFIX,
    ROSTER_SK,
    member_sk,
    primary_key,
    studio_id_of,
    users_pk,
)

_USER_FIELDS = tuple(field.name for field in fields(StudioUser))
_CHANGE_FIELDS = tuple(field.name for field in fields(UserChange))


def user_to_item(user: StudioUser) -> Item:
    """Return the item of a user. The name is in an item of its own: see ``person_to_item``."""
    values: Values = {name: getattr(user, name) for name in _USER_FIELDS}
    del values["studio_id"], values["user_id"], values["name"]
    return primary_key(users_pk(user.studio_id), member_sk(user.user_id)) | marshal(values)


def user_id_from_values(values: Values) -> str:
    """Return the user's id from an item's values."""
    user_id: str = values["SK"].removeprefix(MEMBER_PREFIX)
    return user_id


def user_from_values(values: Values, name: str) -> StudioUser:
    """Return the user of an item's values, who is called so."""
    known = {each: values[each] for each in _USER_FIELDS if each in values} | {"name": name}
    known["studio_id"] = studio_id_of(values["PK"])
    known["user_id"] = user_id_from_values(values)
    known["role"] = StudioRole(values["role"])
    known["status"] = UserStatus(values["status"])
    return StudioUser(**known)


def roster_to_item(roster: Roster) -> Item:
    """Return the item of a studio's owners."""
    values: Values = {"owners": sorted(roster.owners), "version": roster.version}
    return primary_key(users_pk(roster.studio_id), ROSTER_SK) | marshal(values)


def roster_from_values(values: Values) -> Roster:
    """Return the owners of an item's values."""
    return Roster(studio_id_of(values["PK"]), frozenset(values["owners"]), values["version"])


def change_to_item(change: UserChange, number: int) -> Item:
    """Return the item of a change. Its number, the roster's version, makes its key unique."""
    values: Values = {name: getattr(change, name) for name in _CHANGE_FIELDS}
    del values["studio_id"]
    key = primary_key(users_pk(change.studio_id), f"{CHANGE_PREFIX}{number:012d}")
    return key | marshal(values)


def change_from_values(values: Values) -> UserChange:
    """Return the change of an item's values."""
    known = {name: values[name] for name in _CHANGE_FIELDS if name in values}
    known["studio_id"] = studio_id_of(values["PK"])
    known["event"] = UserEvent(values["event"])
    known["role"] = StudioRole(values["role"])
    if "previous_role" in values:
        known["previous_role"] = StudioRole(values["previous_role"])
    return UserChange(**known)
