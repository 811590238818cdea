"""The rules of a studio's users: one change at a time, an owner always, and a crash anywhere."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.users.change_users import ChangeUsers
from shared.clock import rfc3339
from shared.domain.errors import (
    DomainError,
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
    erased_name,
    may_change,
    may_remove,
    user_id_of_email,
)
from shared.domain.user_changes import (
    LEASE,
    adopt,
    change_role,
    disable,
    done,
    enable,
    erase,
    invite,
    remove,
)
from shared.edge.auth import Caller, Role
from shared.gateways.conflict import StaleStateError
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.studio_user import (
    change_from_values,
    change_to_item,
    roster_from_values,
    roster_to_item,
    user_from_values,
    user_to_item,
)

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ASKED = Asked("owner", rfc3339(NOW))
LATER = Asked("owner", rfc3339(NOW + LEASE))
OWNER = Caller("owner", "st_1", frozenset({Role.OWNER}))
OWNED = Roster("st_1", frozenset({"owner"}), 1)


def user(
    user_id: str = "owner",
    role: StudioRole = StudioRole.OWNER,
    status: UserStatus = UserStatus.ACTIVE,
) -> StudioUser:
    return StudioUser("st_1", user_id, "Dana", role, status, ASKED.at, "owner", version=1)


WANTED = user("user_new", StudioRole.STAFF)


# The rules.


def test_the_id_of_an_address_is_the_same_in_any_case_and_another_in_another_studio() -> None:
    here = user_id_of_email("st_1", "Dana@mail.example")
    assert here == user_id_of_email("st_1", "dana@mail.example")
    assert here != user_id_of_email("st_2", "dana@mail.example")
    assert "@" not in here


def test_an_invitation_is_recorded_before_the_user_pool_is_called() -> None:
    intent = invite(None, OWNED, WANTED, ASKED)
    assert intent is not None
    assert (intent.user.status, intent.user.version) == (UserStatus.INVITING, 0)
    assert intent.change == UserChange(
        "st_1", ASKED.at, "owner", UserEvent.INVITED, "user_new", StudioRole.STAFF
    )


def test_a_user_is_invited_once_and_not_with_another_role() -> None:
    assert invite(WANTED, OWNED, WANTED, ASKED) is None
    with pytest.raises(UserExistsError):
        invite(WANTED, OWNED, replace(WANTED, role=StudioRole.OWNER), ASKED)


def test_a_removed_user_can_be_invited_again() -> None:
    gone = replace(WANTED, status=UserStatus.REMOVED, version=7)
    intent = invite(gone, OWNED, replace(WANTED, role=StudioRole.BOOKKEEPER), ASKED)
    assert intent is not None
    assert (intent.user.role, intent.user.version) == (StudioRole.BOOKKEEPER, 7)


@pytest.mark.parametrize("status", [UserStatus.INVITING, UserStatus.CHANGING, UserStatus.REMOVING])
def test_a_change_under_way_keeps_others_out_until_its_function_has_ended(
    status: UserStatus,
) -> None:
    held = replace(WANTED, status=status)
    with pytest.raises(UserChangePendingError):
        invite(held, OWNED, WANTED, ASKED)
    with pytest.raises(UserChangePendingError):
        remove(held, OWNED, ASKED)
    taken_over = remove(held, OWNED, LATER)
    assert taken_over is not None
    assert (taken_over.user.status, taken_over.user.changed_at) == (UserStatus.REMOVING, LATER.at)


def test_the_last_owner_is_neither_demoted_nor_removed() -> None:
    with pytest.raises(LastOwnerError, match="Make another user an owner first"):
        change_role(user(), OWNED, StudioRole.STAFF, ASKED)
    with pytest.raises(LastOwnerError):
        remove(user(), OWNED, ASKED)
    assert not may_change(user(), OWNED)
    both = replace(OWNED, owners=frozenset({"owner", "other"}))
    intent = remove(user(), both, ASKED)
    assert intent is not None
    assert intent.roster.owners == {"other"}


def test_an_invited_owner_does_not_count_before_the_user_pool_has_them() -> None:
    invited = user("other", StudioRole.OWNER, UserStatus.INVITING)
    assert invite(None, OWNED, invited, ASKED)
    with pytest.raises(LastOwnerError):
        remove(user(), OWNED, ASKED)


def test_an_erased_user_has_neither_name_nor_address_and_is_told_apart_from_others() -> None:
    gone = replace(WANTED, status=UserStatus.REMOVED, email="dana@mail.example")
    erased = gone.erased()
    assert erased == replace(gone, name=erased_name("st_1", "user_new"), email=None)
    assert erased.erased() == erased
    names = {erased_name("st_1", f"user_{number}") for number in range(50)}
    assert len(names) == 50
    # An id that somebody chose may be a name itself.
    assert "una" not in erased_name("st_1", "una.kerr").lower()


def test_an_erasure_holds_the_user_until_the_pool_has_deleted_them() -> None:
    gone = replace(WANTED, status=UserStatus.REMOVED, email="dana@mail.example")
    held, roster = erase(gone, OWNED, ASKED)
    assert (held.status, held.email, roster) == (UserStatus.REMOVING, None, OWNED)
    with pytest.raises(UserChangePendingError):
        invite(held, OWNED, WANTED, ASKED)
    assert done(held, roster)[0].status is UserStatus.REMOVED


def test_an_interrupted_erasure_is_taken_over_at_once_and_another_change_is_not() -> None:
    held, _ = erase(replace(WANTED, status=UserStatus.REMOVED), OWNED, ASKED)
    assert erase(held, OWNED, ASKED)[0] == held
    removing = replace(WANTED, status=UserStatus.REMOVING)
    with pytest.raises(UserChangePendingError):
        erase(removing, OWNED, ASKED)
    assert erase(removing, OWNED, LATER)[0].status is UserStatus.REMOVING


def test_a_user_whom_a_restore_brought_back_is_erased_even_as_the_last_owner() -> None:
    held, roster = erase(user(), OWNED, ASKED)
    assert roster.owners == frozenset()
    after, _ = done(held, roster)
    assert (after.status, after.name) == (UserStatus.REMOVED, erased_name("st_1", "owner"))


def settled(intent: UserIntent | None) -> StudioUser:
    """Return the user after the user pool has the change."""
    assert intent is not None
    return done(intent.user, intent.roster)[0]


def test_a_disabled_user_comes_back_with_the_role_they_had() -> None:
    bookkeeper = replace(WANTED, role=StudioRole.BOOKKEEPER)
    disabled = settled(disable(bookkeeper, OWNED, ASKED))
    assert (disabled.status, disabled.role) == (UserStatus.DISABLED, StudioRole.BOOKKEEPER)
    assert disable(disabled, OWNED, ASKED) is None
    enabled = enable(disabled, OWNED, ASKED)
    assert enabled is not None
    assert enabled.change is not None
    assert enabled.change.event is UserEvent.ENABLED
    assert settled(enabled) == replace(bookkeeper, changed_by=ASKED.by)
    assert enable(settled(enabled), OWNED, ASKED) is None


def test_a_disabled_owner_does_not_count_as_one() -> None:
    with pytest.raises(LastOwnerError):
        disable(user(), OWNED, ASKED)
    both = replace(OWNED, owners=frozenset({"owner", "other"}))
    intent = disable(user(), both, ASKED)
    assert intent is not None
    assert intent.roster.owners == {"other"}
    disabled, roster = done(intent.user, intent.roster)
    assert roster.owners == {"other"}
    with pytest.raises(LastOwnerError):
        disable(user("other"), roster, ASKED)
    back = enable(disabled, roster, ASKED)
    assert back is not None
    assert done(back.user, back.roster)[1].owners == {"owner", "other"}


@pytest.mark.parametrize("status", [UserStatus.DISABLED, UserStatus.DISABLING])
def test_a_disabled_user_is_only_enabled_or_removed(status: UserStatus) -> None:
    off = replace(WANTED, status=status)
    with pytest.raises(UserDisabledError):
        invite(off, OWNED, WANTED, LATER)
    with pytest.raises(UserDisabledError):
        change_role(off, OWNED, StudioRole.OWNER, LATER)
    assert not may_change(off, OWNED)
    assert may_remove(off, OWNED)
    assert settled(remove(off, OWNED, LATER)).status is UserStatus.REMOVED
    assert settled(enable(off, OWNED, LATER)).status is UserStatus.ACTIVE


@pytest.mark.parametrize("status", [UserStatus.INVITING, UserStatus.CHANGING, UserStatus.ENABLING])
def test_enabling_finishes_what_was_interrupted_as_it_was_meant(status: UserStatus) -> None:
    intent = enable(replace(WANTED, status=status), OWNED, LATER)
    assert intent is not None
    assert (intent.user.status, intent.change) == (status, None)


def test_a_new_role_does_not_lose_that_a_user_is_being_enabled() -> None:
    intent = change_role(
        replace(WANTED, status=UserStatus.ENABLING), OWNED, StudioRole.OWNER, LATER
    )
    assert intent is not None
    assert (intent.user.status, intent.user.role) == (UserStatus.ENABLING, StudioRole.OWNER)


def test_a_user_of_the_pool_is_adopted_once() -> None:
    intent = adopt(None, OWNED, replace(WANTED, role=StudioRole.OWNER), ASKED)
    assert intent is not None
    assert intent.change is not None
    assert intent.change.event is UserEvent.ADOPTED
    adopted, roster = done(intent.user, intent.roster)
    assert adopted.status is UserStatus.ACTIVE
    assert roster.owners == {"owner", "user_new"}
    assert adopt(adopted, roster, WANTED, ASKED) is None


@pytest.mark.parametrize("known", [None, replace(WANTED, status=UserStatus.REMOVED)])
def test_the_role_of_nobody_cannot_change(known: StudioUser | None) -> None:
    with pytest.raises(UserNotFoundError):
        change_role(known, OWNED, StudioRole.OWNER, ASKED)


def test_users_owners_and_changes_come_back_as_they_were_stored() -> None:
    invited = replace(WANTED, email="dana@mail.example")
    assert user_from_values(unmarshal(user_to_item(invited)), "Dana") == invited
    assert roster_from_values(unmarshal(roster_to_item(OWNED))) == OWNED
    change = UserChange(
        *("st_1", ASKED.at, "owner", UserEvent.ROLE_CHANGED, "user_new"),
        StudioRole.STAFF,
        StudioRole.OWNER,
    )
    assert change_from_values(unmarshal(change_to_item(change, 3))) == change


# The steps, with a table and a user pool in memory.


class Crash(Exception):  # noqa: N818  # the process dies; nothing handles it
    """The process dies here."""


@dataclass
class Crashes:
    """Dies before or after the n-th outside call."""

    at: int = -1
    calls: int = 0

    def here(self) -> None:
        """Count a moment, and die at the chosen one."""
        self.calls += 1
        if self.calls == self.at:
            raise Crash


@dataclass
class MemoryUsers:
    """The table, with its conditions."""

    crashes: Crashes
    users: dict[str, StudioUser] = field(default_factory=dict)
    owned: Roster = OWNED
    changes: list[UserChange] = field(default_factory=list)

    def get(self, _studio_id: str, user_id: str) -> StudioUser | None:
        return self.users.get(user_id)

    def roster(self, _studio_id: str) -> Roster:
        return self.owned

    def record_intent(self, intent: UserIntent) -> StudioUser:
        return self._write(intent.user, intent.roster, intent.change)

    def record_done(self, user: StudioUser, roster: Roster) -> StudioUser:
        return self._write(user, roster, None)

    def _write(self, user: StudioUser, roster: Roster, change: UserChange | None) -> StudioUser:
        self.crashes.here()
        known = self.users.get(user.user_id)
        if (known.version if known else 0, self.owned.version) != (user.version, roster.version):
            raise StaleStateError
        stored = replace(user, version=user.version + 1)
        self.users[user.user_id] = stored
        self.owned = replace(roster, version=roster.version + 1)
        self.changes += [change] if change else []
        self.crashes.here()
        return stored


@dataclass
class MemoryPool:
    """The user pool: who may sign in, with which role, and who has a session."""

    crashes: Crashes
    enabled: dict[str, bool] = field(default_factory=dict)
    roles: dict[str, StudioRole] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)

    def invite(self, user: StudioUser) -> None:
        self.crashes.here()
        self.enabled[user.user_id] = True
        self.crashes.here()

    def enable(self, user: StudioUser) -> None:
        self.crashes.here()
        self.enabled[user.user_id] = True
        self.crashes.here()

    def set_role(self, user: StudioUser) -> None:
        self.crashes.here()
        self.roles[user.user_id] = user.role
        self.crashes.here()

    def sign_out(self, user: StudioUser) -> None:
        self.crashes.here()
        self.sessions.discard(user.user_id)
        self.crashes.here()

    def disable(self, user: StudioUser) -> None:
        self.crashes.here()
        self.enabled[user.user_id] = False
        self.sign_out(user)


class Studio:
    """A studio with one owner and a user, whom requests change."""

    def __init__(self) -> None:
        self.now = NOW
        self.crashes = Crashes()
        self.table = MemoryUsers(self.crashes, {"owner": user()})
        self.pool = MemoryPool(self.crashes, {"owner": True}, {"owner": StudioRole.OWNER})
        self.change = ChangeUsers(cast("Any", self.table), cast("Any", self.pool), lambda: self.now)
        self.user_id = user_id_of_email("st_1", "dana@mail.example")

    def invite(self) -> StudioUser:
        return self.change.invite(OWNER, "dana@mail.example", "Dana", StudioRole.STAFF)

    def promote(self) -> StudioUser:
        return self.change.change_role(OWNER, self.user_id, StudioRole.OWNER)

    def disable(self) -> StudioUser:
        return self.change.disable(OWNER, self.user_id)

    def enable(self) -> StudioUser:
        return self.change.enable(OWNER, self.user_id)

    def remove(self) -> StudioUser:
        return self.change.remove(OWNER, self.user_id)

    def assert_pool_is_as_recorded(self) -> None:
        """Check that every settled user is in the pool as in the table."""
        for known in self.table.users.values():
            assert not known.is_pending
            assert self.pool.enabled[known.user_id] == (not known.is_gone and not known.is_disabled)
            if not known.is_gone:
                assert self.pool.roles[known.user_id] is known.role
        owners = {
            known.user_id
            for known in self.table.users.values()
            if known.role is StudioRole.OWNER and not known.is_gone and not known.is_disabled
        }
        assert self.table.owned.owners == owners


STEPS = ("invite", "promote", "disable", "enable", "remove")


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_anywhere_is_finished_by_the_same_request_again(step: str) -> None:
    for moment in range(1, 20):
        studio = Studio()
        for before in STEPS[: STEPS.index(step)]:
            getattr(studio, before)()
        studio.pool.sessions.add(studio.user_id)
        studio.crashes.calls, studio.crashes.at = 0, moment
        try:
            getattr(studio, step)()
        except Crash:
            studio.now += LEASE
            getattr(studio, step)()
        else:
            assert moment > 6  # every outside call was a place to crash
            return
        studio.assert_pool_is_as_recorded()
        assert len(studio.table.changes) == STEPS.index(step) + 1  # recorded once
        if step not in {"invite", "enable"}:
            assert studio.user_id not in studio.pool.sessions
    pytest.fail("the step never ended")


def test_a_second_click_changes_nothing() -> None:
    studio = Studio()
    for step in STEPS:
        first = getattr(studio, step)()
        assert getattr(studio, step)() == first
    assert [change.event for change in studio.table.changes] == [
        UserEvent.INVITED,
        UserEvent.ROLE_CHANGED,
        UserEvent.DISABLED,
        UserEvent.ENABLED,
        UserEvent.REMOVED,
    ]


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 9), st.integers(0, 40))))
def test_whatever_is_asked_and_wherever_it_dies_the_studio_keeps_an_owner(
    asked: list[tuple[str, int, int]],
) -> None:
    studio = Studio()
    for step, moment, seconds in asked:
        studio.crashes.calls, studio.crashes.at = 0, moment
        studio.now += timedelta(seconds=seconds + LEASE.seconds)
        with suppress(Crash, DomainError):
            getattr(studio, step)()
        owners = [
            known
            for known in studio.table.owned.owners
            if studio.pool.enabled[known] and studio.pool.roles[known] is StudioRole.OWNER
        ]
        assert owners
    studio.crashes.at = -1
    studio.now += LEASE
    pending = [each for each in studio.table.users.values() if each.is_pending]
    for each in pending:
        studio.change.remove(OWNER, each.user_id)
    studio.assert_pool_is_as_recorded()
