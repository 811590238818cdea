"""A studio's users in OrdersTable: a mirror of the user pool, which cannot search by studio."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.studio_user import (
    Roster,
    StudioRole,
    StudioUser,
    UserChange,
    UserEvent,
    UserIntent,
)
from shared.gateways.records.keys import (
    CHANGE_PREFIX,
    MEMBER_PREFIX,
    ROSTER_SK,
    member_sk,
    primary_key,
    studio_pk,
    user_sk,
    users_pk,
)
from shared.gateways.records.person import name_from_values, person_to_item
from shared.gateways.records.studio_user import (
    change_from_values,
    change_to_item,
    roster_from_values,
    roster_to_item,
    user_from_values,
    user_id_from_values,
    user_to_item,
)
from shared.gateways.table import NAME_UNCHANGED, TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Item
    from shared.gateways.table import Step


class StudioUsers(TableGateway):
    """The users of studios. Every change also writes the roster, so changes come one by one.

    A user's name is where ``People`` reads it, so that there is one.
    """

    def get(self, studio_id: str, user_id: str) -> StudioUser | None:
        """Read a user, consistently, or None."""
        values = self._table.get(users_pk(studio_id), member_sk(user_id))
        if values is None:
            return None
        return user_from_values(values, self._recorded_name(studio_id, user_id) or user_id)

    def roster(self, studio_id: str) -> Roster:
        """Read who owns a studio, consistently."""
        values = self._table.get(users_pk(studio_id), ROSTER_SK)
        return roster_from_values(values) if values else Roster(studio_id)

    def all(self, studio_id: str) -> list[StudioUser]:
        """Read a studio's users, the removed ones too, consistently."""
        found = self._table.query(
            "PK = :pk AND begins_with(SK, :prefix)",
            {":pk": users_pk(studio_id), ":prefix": MEMBER_PREFIX},
            ConsistentRead=True,
        )
        users = {user_id_from_values(values): values for values in found}
        keys = [primary_key(studio_pk(studio_id), user_sk(user_id)) for user_id in users]
        names = dict(map(name_from_values, self._table.batch_get(keys, consistent=True)))
        return [
            user_from_values(values, names.get(user_id, user_id))
            for user_id, values in users.items()
        ]

    def newest_changes(self, studio_id: str, limit: int) -> list[UserChange]:
        """Read what was changed last, the newest first, consistently."""
        found, _ = self._table.page(
            "PK = :pk AND begins_with(SK, :prefix)",
            {":pk": users_pk(studio_id), ":prefix": CHANGE_PREFIX},
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=limit,
        )
        return [change_from_values(values) for values in found]

    def record_intent(self, intent: UserIntent) -> StudioUser:
        """Record what is about to happen to a user, and the name of one who is invited.

        Returns:
            The user as stored.

        Raises:
            StaleStateError: The user or the roster has changed.
        """
        steps = []
        if intent.change is not None:
            number = intent.roster.version + 1
            steps.append(self._table.new(change_to_item(intent.change, number)))
            if intent.change.event in {UserEvent.INVITED, UserEvent.ADOPTED}:
                steps += self._name_steps(intent.user)
        return self._write(intent.user, intent.roster, *steps)

    def record_done(self, user: StudioUser, roster: Roster) -> StudioUser:
        """Record that the user pool has the change. Return the user as stored.

        Raises:
            StaleStateError: The user or the roster has changed.
        """
        return self._write(user, roster)

    def record_erasing(self, user: StudioUser, roster: Roster) -> StudioUser:
        """Record that a user is being erased, and what is shown instead of their name.

        Returns:
            The user as stored.

        Raises:
            StaleStateError: The user or the roster has changed.
        """
        name = person_to_item(user.studio_id, user.user_id, user.name, is_erased=True)
        return self._write(user, roster, self._table.guarded(name))

    def add_existing(self, studio_id: str, users: Iterable[StudioUser]) -> None:
        """Record users that the user pool has already, if the studio has none recorded.

        Raises:
            StaleStateError: The studio has users.
        """
        users = list(users)
        owners = frozenset(each.user_id for each in users if each.role is StudioRole.OWNER)
        first = Roster(studio_id, owners, version=1)
        steps = [self._table.new(user_to_item(replace(user, version=1))) for user in users]
        for user in users:
            steps += self._name_steps(user)
        self._table.write(self._table.new(roster_to_item(first)), *steps)

    def _write(self, user: StudioUser, roster: Roster, *also: "Step") -> StudioUser:
        stored = replace(user, version=user.version + 1)
        moved = replace(roster, version=roster.version + 1)
        self._table.write(
            self._next(user_to_item(stored), user.version),
            self._next(roster_to_item(moved), roster.version),
            *also,
        )
        return stored

    def _recorded_name(self, studio_id: str, user_id: str) -> str | None:
        values = self._table.get(studio_pk(studio_id), user_sk(user_id))
        return name_from_values(values)[1] if values else None

    def _name_steps(self, user: StudioUser) -> "list[Step]":
        """Return the step that records the user's name, or none if it is recorded already."""
        seen = self._recorded_name(user.studio_id, user.user_id)
        if seen == user.name:
            return []
        item = person_to_item(user.studio_id, user.user_id, user.name)
        return [self._table.when(NAME_UNCHANGED, seen, item) if seen else self._table.new(item)]

    def _next(self, item: "Item", seen: int) -> "Step":
        """Return the step that puts an item over the version that was read, or the first one."""
        return self._table.replacing(item, seen) if seen else self._table.new(item)
