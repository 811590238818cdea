"""Erasing a studio's user: the id stays, nothing else does, whatever interrupts it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypedDict

import pytest

from infra.local.stack import Stack
from infra.operate.erasing.records import UserKey
from infra.operate.restore import commands
from shared.domain.errors import UserChangePendingError
from shared.domain.studio_user import StudioRole, UserStatus, erased_name
from tests.integration.backend import Backend, MakeBackend
from tests.integration.crash import CrashError
from tests.integration.disaster import replay_for
from tests.integration.studio_people import NAME, StudioPeople
from tests.operate import failure_of, operate

pytestmark = pytest.mark.stack


class Who(TypedDict):
    by: str
    why: str
    chosen_by: str


WHO: Who = {"by": "op_1", "why": "asked by the user", "chosen_by": "user"}


@pytest.fixture
def people(backend: Backend, stack: Stack) -> StudioPeople:
    return StudioPeople(backend, stack)


@pytest.fixture
def command(people: StudioPeople, operated: Callable[..., str]) -> tuple[str, ...]:
    """The options with which commands find the studio's stack."""
    name = operated(people.backend, ErasuresTableName=people.outputs["ErasuresTableName"])
    return "--studio", people.backend.studio_id, "--stack", name


AS = ("--by", "op_1", "--why", "asked")


def assert_erased(people: StudioPeople, key: UserKey) -> None:
    user = people.load(key)
    assert user.is_erased
    assert people.name(key) == erased_name(*_ids(key))
    member = people.member(key)
    assert (member.status, member.email) == (UserStatus.REMOVED, None)
    assert key not in people.erase.unfinished()


def _ids(key: UserKey) -> tuple[str, str]:
    return key.studio_id, key.user_id


def test_an_erasure_that_crashes_anywhere_is_carried_on_by_running_it_again(
    people: StudioPeople,
) -> None:
    calls, crashed = 0, True
    while crashed:
        key = people.removed()
        with people.crashing_after(calls):
            try:
                people.erase([key], **WHO)
                crashed = False
            except CrashError:
                calls += 1
        if crashed and calls > 1:  # the first crash leaves no record
            assert people.erase.unfinished() == [key]
        people.erase([*people.erase.unfinished(), key], **WHO)
        assert_erased(people, key)
    assert calls == 5  # recorded, held, deleted in the pool, done, and recorded as finished


def test_nothing_but_the_id_is_left_of_an_erased_user(people: StudioPeople) -> None:
    email, order = people.email(), people.backend.sell()
    key = people.invite(email)
    refund = people.refund_by(key, order)
    people.remove(key)
    before = people.stored()
    assert NAME in before
    assert email in before
    people.erase([key], **WHO)
    after = people.stored()
    assert NAME not in after
    assert email not in after
    assert people.backend.current(refund).requested_by == key.user_id
    assert people.load(key).account is None


def test_a_token_from_before_does_not_bring_the_name_back(people: StudioPeople) -> None:
    key = people.removed()
    people.erase([key], **WHO)
    people.people.record_name(*_ids(key), NAME)  # as `GET /v1/me` does
    assert_erased(people, key)


def test_nobody_is_invited_while_they_are_being_erased_and_then_with_a_new_account(
    people: StudioPeople,
) -> None:
    email = people.email()
    key = people.removed(email)
    with people.crashing_after(2), pytest.raises(CrashError):  # the member is held
        people.erase([key], **WHO)
    with pytest.raises(UserChangePendingError):
        people.invite(email)
    people.erase(people.erase.unfinished(), **WHO)
    assert people.invite(email) == key
    assert people.name(key) == NAME
    account = people.load(key).account
    assert account is not None
    assert account.attributes["email"] == email
    # They are erased again after they left again, and both erasures are on record.
    people.remove(key)
    people.erase([key], by="op_2", why="again", chosen_by="user")
    assert_erased(people, key)
    records = [each for each in people.erase.erasures.all() if each.whom == key]
    assert sorted(each.by for each in records) == ["op_1", "op_2"]
    assert all(each.finished_at for each in records)


def test_who_was_invited_again_before_the_erasure_ended_stays(people: StudioPeople) -> None:
    email = people.email()
    key = people.removed(email)
    with people.crashing_after(2), pytest.raises(CrashError):
        people.erase([key], **WHO)
    people.backend.clock.ahead = timedelta(minutes=1)  # nothing holds the member any more
    people.invite(email)
    assert people.erase(people.erase.unfinished(), **WHO) == 0
    assert people.erase.unfinished() == []
    assert people.member(key).status is UserStatus.ACTIVE
    assert people.name(key) == NAME


def test_a_removal_that_was_interrupted_just_now_is_waited_for(people: StudioPeople) -> None:
    people.backend.clock.ahead = timedelta(seconds=-25)  # it holds the member for five more
    key = people.invite()
    with people.crashing_after(1), pytest.raises(CrashError):  # before it is done in the table
        people.remove(key)
    assert people.member(key).status is UserStatus.REMOVING
    people.erase([key], **WHO)
    assert_erased(people, key)


def test_a_user_of_another_studio_stays(
    people: StudioPeople, make_backend: MakeBackend, stack: Stack
) -> None:
    other = StudioPeople(make_backend(), stack)
    theirs = other.removed()
    mine = UserKey(people.backend.studio_id, theirs.user_id)
    assert not people.load(mine).is_known
    people.erase([mine], **WHO)
    assert other.load(theirs).account is not None


def test_the_command_shows_erases_and_shows_that_nothing_is_left(
    people: StudioPeople, command: tuple[str, ...]
) -> None:
    email, order = people.email(), people.backend.sell()
    key = people.invite(email)
    refund = people.refund_by(key, order)
    people.backend.settle_all()
    chosen = ("--user", key.user_id, *command)

    present = failure_of(operate("erase", *chosen, *AS, "--yes"))
    assert "Remove them first" in present
    assert people.member(key).status is UserStatus.ACTIVE
    people.remove(key)

    data = json.loads(operate("personal-data", *chosen).stdout)
    assert data["user"]["name"] == NAME
    assert data["user"]["member"]["email"] == email
    assert data["user"]["account"]["attributes"]["email"] == email
    found = {
        each["record"].partition("#")[0]: each["fields"] for each in data["records_with_the_id"]
    }
    assert found["REFUND"] == ["requested_by", "history.0.by"]
    assert found["ENTRY"] == ["processed_by"]
    assert found["CHANGE"] == ["user_id"]

    preview = operate("erase", *chosen, *AS)
    assert preview.exit_code == 0, preview.output
    assert "Nothing was erased." in preview.stdout
    assert erased_name(*_ids(key)) in preview.stdout
    assert people.name(key) == NAME

    done = operate("erase", *chosen, *AS, "--yes")
    assert done.exit_code == 0, done.output
    assert "Erased 1 of 1 users." in done.stdout
    assert_erased(people, key)
    for output in (preview.output, done.output):
        assert NAME not in output
        assert email not in output

    again = operate("erase", *chosen, *AS, "--yes")
    assert (again.exit_code, "is erased already" in again.stdout) == (0, True)
    as_json = operate("erase", *chosen, *AS, "--yes", "--json")
    assert json.loads(as_json.stdout) == {"erased": 0, "would_erase": []}
    (record,) = people.erase.erasures.all()
    assert (record.whom, record.by, record.why, record.chosen_by) == (key, "op_1", "asked", "user")
    data = json.loads(operate("personal-data", *chosen).stdout)
    assert (data["user"]["name"], data["user"]["account"]) == (None, None)
    assert refund.refund_id in json.dumps(data["records_with_the_id"])


def test_the_last_owner_and_strangers_are_refused_in_one_line(
    people: StudioPeople, command: tuple[str, ...]
) -> None:
    owner = people.invite(role=StudioRole.OWNER)
    for user_id, reason in ((owner.user_id, "Remove them first"), ("nobody", "There is no user")):
        arguments = ("--user", user_id, *command)
        assert reason in failure_of(operate("erase", *arguments, *AS, "--yes"))
    assert people.member(owner).status is UserStatus.ACTIVE
    nobody = operate("personal-data", "--user", "nobody", *command)
    assert "There is no user nobody" in failure_of(nobody)
    assert list(people.erase.erasures.all()) == []


def test_a_user_who_is_in_the_pool_alone_is_erased_once_they_cannot_sign_in(
    people: StudioPeople, command: tuple[str, ...]
) -> None:
    studio_id, user_id = people.backend.studio_id, f"una.{people.backend.run}"
    cognito, pool = people.stack.aws.cognito, people.outputs["UserPoolId"]
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=user_id,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "custom:studio_id", "Value": studio_id}],
    )
    people.people.record_name(studio_id, user_id, NAME)  # they signed in
    erase = ("erase", "--user", user_id, *command, *AS, "--yes")
    assert "users adopt" in failure_of(operate(*erase))
    cognito.admin_disable_user(UserPoolId=pool, Username=user_id)
    done = operate(*erase)
    assert done.exit_code == 0, done.output
    assert people.load(UserKey(studio_id, user_id)).is_erased
    assert NAME not in people.stored()
    assert "is erased already" in operate(*erase).stdout


def test_a_restore_erases_again_but_not_who_came_back(
    people: StudioPeople, operated: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, email = people.backend, people.email()
    people.invite(role=StudioRole.OWNER)
    gone, back = people.invite(), people.invite(email)
    at = datetime.now(UTC).replace(microsecond=0)
    for table in (backend.orders_table, backend.ledger_table):
        # The engine restores only the present: they are still users of the studio.
        backend.dynamodb.restore_table_to_point_in_time(
            SourceTableName=table,
            TargetTableName=f"{table}-{at:%Y%m%dT%H%M%SZ}",
            UseLatestRestorableTime=True,
        )
    for key in (gone, back):
        people.remove(key)
        people.erase([key], **WHO)
    people.invite(email)
    monkeypatch.setattr(commands, "replay_for", lambda _: replay_for(backend))
    name = operated(backend, ErasuresTableName=people.outputs["ErasuresTableName"])
    restored = operate("restore", "tables", "--to", at.isoformat(), "--stack", name)
    assert restored.exit_code == 0, restored.output
    assert_erased(people, gone)
    assert people.member(back).status is UserStatus.ACTIVE
    assert people.name(back) == NAME
    replayed = operate("restore", "replay", "--since", at.isoformat(), "--stack", name)
    assert replayed.exit_code == 0, replayed.output
    assert_erased(people, gone)
