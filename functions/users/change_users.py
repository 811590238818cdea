"""Changing a studio's users: first the intent, then the user pool."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.clock import Clock, rfc3339
from shared.domain.errors import BusyError, UserChangePendingError
from shared.domain.studio_user import (
    Asked,
    Roster,
    StudioRole,
    StudioUser,
    UserIntent,
    UserStatus,
    user_id_of_email,
)
from shared.domain.user_changes import adopt, change_role, disable, done, enable, invite, remove
from shared.edge.audit import AuditEvent, record
from shared.edge.auth import Caller
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.studio_users import StudioUsers
from shared.gateways.user_pool import UserPool

_CONTENTION_SECONDS = 6.0

type Decide = Callable[[StudioUser | None, Roster, Asked], UserIntent | None]


@dataclass(frozen=True, slots=True)
class ChangeUsers:
    """Changes a studio's users in the table and in the user pool. A repeat finishes a change."""

    users: StudioUsers
    pool: UserPool
    clock: Clock

    def invite(self, caller: Caller, email: str, name: str, role: StudioRole) -> StudioUser:
        """Invite a user. Return them.

        Raises:
            DomainError: The studio has this user with another role, or a change is under way.
        """
        wanted = StudioUser(
            studio_id=caller.studio_id,
            user_id=user_id_of_email(caller.studio_id, email),
            name=name,
            role=role,
            status=UserStatus.INVITING,
            changed_at="",
            changed_by=caller.user,
            email=email,
        )
        return self._carry_out(
            caller, wanted.user_id, lambda known, roster, at: invite(known, roster, wanted, at)
        )

    def change_role(self, caller: Caller, user_id: str, role: StudioRole) -> StudioUser:
        """Give a user another role, and end their sessions. Return them.

        Raises:
            DomainError: There is no such user, it is the last owner, or a change is under way.
        """
        return self._carry_out(
            caller, user_id, lambda known, roster, at: change_role(known, roster, role, at)
        )

    def remove(self, caller: Caller, user_id: str) -> StudioUser:
        """Remove a user: they cannot sign in any more, and their sessions end. Return them.

        Raises:
            DomainError: There is no such user, it is the last owner, or a change is under way.
        """
        return self._carry_out(caller, user_id, remove)

    def disable(self, caller: Caller, user_id: str) -> StudioUser:
        """Keep a user from signing in until they are enabled, and end their sessions. Return them.

        Raises:
            DomainError: There is no such user, it is the last owner, or a change is under way.
        """
        return self._carry_out(caller, user_id, disable)

    def enable(self, caller: Caller, user_id: str) -> StudioUser:
        """Let a disabled user sign in again. Return them.

        Raises:
            DomainError: There is no such user, or a change is under way.
        """
        return self._carry_out(caller, user_id, enable)

    def adopt(self, caller: Caller, wanted: StudioUser) -> StudioUser:
        """Record a user whom the user pool has and no studio recorded. Return them.

        Raises:
            DomainError: A change of this user is under way.
        """
        return self._carry_out(
            caller, wanted.user_id, lambda known, roster, at: adopt(known, roster, wanted, at)
        )

    def _carry_out(self, caller: Caller, user_id: str, decide: Decide) -> StudioUser:
        pending = None
        for _ in tries(_CONTENTION_SECONDS):
            known = self.users.get(caller.studio_id, user_id)
            roster = self.users.roster(caller.studio_id)
            try:
                intent = decide(known, roster, Asked(caller.user, rfc3339(self.clock())))
                if intent is None and known is not None:
                    return known
                if intent is not None:
                    user = self.users.record_intent(intent)
                    _audit(intent)
                    self._apply(user)
                    return self._finish(user)
            except UserChangePendingError as error:
                pending = error  # a double click: the first one is done in a moment
            except StaleStateError:
                continue
        raise pending or BusyError("Others keep changing your studio's users. Try again.")

    def _apply(self, user: StudioUser) -> None:
        """Change the user pool as the intent says."""
        if user.status is UserStatus.REMOVING:
            self.pool.disable(user)
            return
        if user.status is UserStatus.DISABLING:
            self.pool.disable(user)
        if user.status is UserStatus.ENABLING:
            self.pool.enable(user)
        if user.status is UserStatus.INVITING:
            self.pool.invite(user)
        self.pool.set_role(user)
        if user.status is UserStatus.CHANGING:
            self.pool.sign_out(user)

    def _finish(self, user: StudioUser) -> StudioUser:
        """Record that the pool has the change. Changes of other users may move the roster."""
        for _ in tries(_CONTENTION_SECONDS):
            try:
                return self.users.record_done(*done(user, self.users.roster(user.studio_id)))
            except StaleStateError:
                continue
        raise BusyError("Others keep changing your studio's users. Try again in half a minute.")


def _audit(intent: UserIntent) -> None:
    """Record a change in the audit log. A repeat that finishes one is no other change."""
    if intent.change is not None:
        record(
            AuditEvent.USER_CHANGED,
            user=intent.change.by,
            studio_id=intent.change.studio_id,
            changed_user=intent.change.user_id,
            change=intent.change.event,
            role=intent.change.role,
            previous_role=intent.change.previous_role,
        )
