"""A studio's users in OrdersTable: a mirror of the user pool, which cannot search by studio."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.studio_user import (
    Roster,
    StudioRole,
    StudioUser,
    UserChange,
    UserIntent,
)
from shared.gateways.records.keys import (
    CHANGE_PREFIX,
    MEMBER_PREFIX,
    ROSTER_SK,
    member_sk,
    users_pk,
)
from shared.gateways.records.studio_user import (
    change_from_values,
    change_to_item,
    roster_from_values,
    roster_to_item,
    user_from_values,
    user_to_item,
)
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Item
    from shared.gateways.table import Step


class StudioUsers(TableGateway):
    """The users of studios. Every change also writes the roster, so changes come one by one."""

    def get(self, studio_id: str, user_id: str) -> StudioUser | None:
        """Read a user, consistently, or None."""
        values = self._table.get(users_pk(studio_id), member_sk(user_id))
        return user_from_values(values) if values else None

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
        return [user_from_values(values) for values in found]

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
        """Record what is about to happen to a user. Return the user as stored.

        Raises:
            StaleStateError: The user or the roster has changed.
        """
        steps = []
        if intent.change is not None:
            number = intent.roster.version + 1
            steps.append(self._table.new(change_to_item(intent.change, number)))
        return self._write(intent.user, intent.roster, *steps)

    def record_done(self, user: StudioUser, roster: Roster) -> StudioUser:
        """Record that the user pool has the change. Return the user as stored.

        Raises:
            StaleStateError: The user or the roster has changed.
        """
        return self._write(user, roster)

    def add_existing(self, studio_id: str, users: Iterable[StudioUser]) -> None:
        """Record users that the user pool has already, if the studio has none recorded.

        Raises:
            StaleStateError: The studio has users.
        """
        users = list(users)
        owners = frozenset(each.user_id for each in users if each.role is StudioRole.OWNER)
        first = Roster(studio_id, owners, version=1)
        steps = [self._table.new(user_to_item(replace(user, version=1))) for user in users]
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

    def _next(self, item: "Item", seen: int) -> "Step":
        """Return the step that puts an item over the version that was read, or the first one."""
        return self._table.replacing(item, seen) if seen else self._table.new(item)
