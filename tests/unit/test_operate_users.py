"""The command ``operate users`` and the function's side of it, with users in memory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from functions.users.operator_commands import OperatorCommands
from infra.operate import users as command
from infra.operate.stack import OperatedStack
from shared.domain.studio_user import StudioRole, UserEvent
from tests.operate import failure_of, operate
from tests.unit.test_studio_users import Studio

BY = ("--by", "op_1")
HERE = ("--studio", "st_1")


@dataclass
class PoolPages:
    """Cognito's lists: each user's name, attributes, groups, and whether they may sign in."""

    users: list[tuple[str, dict[str, str], list[str], bool]] = field(default_factory=list)

    def get_paginator(self, name: str) -> Any:  # noqa: ANN401  # as boto3 has it
        return SimpleNamespace(paginate=getattr(self, f"_{name}"))

    def _list_users(self, *, UserPoolId: str) -> Iterator[dict[str, Any]]:  # noqa: N803  # AWS's name
        assert UserPoolId == "pool"
        for name, attributes, _, enabled in self.users:  # one a page
            values = [{"Name": key, "Value": value} for key, value in attributes.items()]
            yield {"Users": [{"Username": name, "Attributes": values, "Enabled": enabled}]}

    def _admin_list_groups_for_user(self, *, UserPoolId: str, Username: str) -> Any:  # noqa: ANN401, N803  # AWS's names
        assert UserPoolId == "pool"
        (groups,) = [groups for name, _, groups, _ in self.users if name == Username]
        return [{"Groups": [{"GroupName": each} for each in groups]}]


@dataclass
class Desk:
    studio: Studio
    pool: PoolPages
    function: OperatorCommands

    def do(self, *arguments: str) -> Any:  # noqa: ANN401  # JSON
        result = operate("users", *arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    @property
    def recorded(self) -> dict[str, StudioRole]:
        return {name: user.role for name, user in self.studio.table.users.items()}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    studio, pool = Studio(), PoolPages()
    table = cast("Any", studio.table)
    table.all = lambda studio_id: list(table.users.values()) if studio_id == "st_1" else []
    studios: Any = SimpleNamespace(get=lambda name: object() if name == "st_1" else None)
    function = OperatorCommands(table, studios, studio.change)
    aws: Any = SimpleNamespace(cognito=pool)
    stack = OperatedStack("pps", aws, {"UserPoolId": "pool"})
    monkeypatch.setattr(command, "find_stack", lambda _: stack)
    monkeypatch.setattr(command, "invoke", lambda _stack, _name, event: function(event))
    return Desk(studio, pool, function)


def invite(desk: Desk, role: str = "staff") -> str:
    asked = ("--email", "dana@mail.example", "--name", "Dana", "--role", role)
    user_id: str = desk.do("invite", *HERE, *asked, *BY)["user_id"]
    return user_id


def test_each_command_does_what_the_dashboard_does_and_names_the_operator(desk: Desk) -> None:
    user_id = invite(desk)
    assert user_id == desk.studio.user_id
    assert desk.do("change-role", user_id, *HERE, "--role", "bookkeeper", *BY)["role"] == (
        "bookkeeper"
    )
    for operation, status in (("disable", "disabled"), ("enable", "active"), ("remove", "removed")):
        assert desk.do(operation, user_id, *HERE, *BY)["status"] == status
    changes = desk.studio.table.changes
    assert [each.event for each in changes] == [
        UserEvent.INVITED,
        UserEvent.ROLE_CHANGED,
        UserEvent.DISABLED,
        UserEvent.ENABLED,
        UserEvent.REMOVED,
    ]
    assert {each.by for each in changes} == {"op_1"}
    listed = {each["user_id"]: each["status"] for each in desk.do("list", *HERE)}
    assert listed == {"owner": "active", user_id: "removed"}
    desk.studio.assert_pool_is_as_recorded()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("disable", "owner", *HERE, *BY), "the studio's last owner"),
        (("remove", "nobody", *HERE, *BY), "has no such user"),
        (("list", "--studio", "st_2"), "There is no studio st_2."),
        (("list", "--studio", "st 2"), "Nothing was changed. Correct studio_id"),
        (("enable", "owner", *HERE, "--by", "Ann Operator"), "by: String should match"),
        (
            (
                *("invite", *HERE, "--email", "Dana", "--name", "Dana"),
                *("--role", "staff", *BY),
            ),
            "user.email",
        ),
    ],
)
def test_a_refusal_is_one_line_and_changes_nothing(
    desk: Desk, arguments: tuple[str, ...], message: str
) -> None:
    before = dict(desk.studio.table.users)
    assert message in failure_of(operate("users", *arguments))
    assert desk.studio.table.users == before


def test_users_of_the_pool_are_adopted_once_and_the_others_are_explained(desk: Desk) -> None:
    here = {"custom:studio_id": "st_1", "sub": "sub-1"}
    desk.pool.users = [
        ("owner", here, ["owner"], True),
        ("ben", here | {"name": "Ben"}, ["bookkeeper"], True),
        ("eve@mail.example", here | {"sub": "sub-eve"}, ["staff"], True),
        ("alex", {"sub": "s"}, ["pps_admin"], True),
        ("lost", {"sub": "s"}, ["staff"], True),
        ("idle", here, [], True),
        ("both", here, ["staff", "owner"], True),
        ("off", here, ["staff"], False),
        ("else", here | {"custom:studio_id": "st_9"}, ["staff"], True),
    ]
    before = desk.recorded

    previewed = operate("users", "adopt", *BY, "--dry-run")

    assert desk.recorded == before
    assert previewed.stdout.count("would be adopted") == 2
    adopted = operate("users", "adopt", *BY)
    assert "5 users were not adopted" in adopted.stderr
    for reason in (
        "has no studio",
        "has no role: add one",
        "has several roles: leave one",
        "is disabled in the user pool",
        "There is no studio st_9.",
    ):
        assert reason in adopted.stdout
    assert "alex" not in adopted.stdout
    assert desk.recorded == before | {
        "ben": StudioRole.BOOKKEEPER,
        "sub-eve": StudioRole.STAFF,
    }
    assert desk.studio.table.users["ben"].name == "Ben"
    assert {each.event for each in desk.studio.table.changes} == {UserEvent.ADOPTED}
    again = operate("users", "adopt", *BY)
    assert "ben" not in again.stdout
    assert len(desk.studio.table.changes) == 2


def test_a_user_who_was_removed_is_not_adopted_again(desk: Desk) -> None:
    user_id = invite(desk)
    desk.do("remove", user_id, *HERE, *BY)
    desk.pool.users = [(user_id, {"custom:studio_id": "st_1", "sub": "s"}, ["staff"], False)]
    result = operate("users", "adopt", *BY)
    assert (result.exit_code, result.stdout.strip()) == (
        0,
        "Each user of the user pool is recorded with their studio.",
    )
