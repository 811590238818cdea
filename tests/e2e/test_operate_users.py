"""``operate users`` on the deployed stack: the same users as on the dashboard."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_users import in_pool, listed, user_pool
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack
from tests.operate import failure_of, operate, use_local_stack

pytestmark = pytest.mark.stack

BY = ("--by", "op_1")
STUDIO = ("--studio", PLATFORM_STUDIO)


@pytest.fixture(autouse=True)
def local_stack(world: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_local_stack(world.stack, tmp_path, monkeypatch)


def done(*arguments: str) -> Any:  # noqa: ANN401  # JSON
    result = operate("users", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def invited() -> dict[str, Any]:
    address = f"{uuid.uuid4().hex}@mail.example"
    asked = ("--email", address, "--name", "Dana", "--role", "staff")
    found: dict[str, Any] = done("invite", *STUDIO, *asked, *BY)
    return found


def test_an_operator_does_what_an_owner_does_and_is_recorded(world: DeployedStack) -> None:
    user_id = invited()["user_id"]
    (row,) = [each for each in done("list", *STUDIO) if each["user_id"] == user_id]
    assert (row["role"], row["status"], row["changed_by"]) == ("staff", "active", "op_1")
    pool = user_pool(world)
    attributes = {
        each["Name"]: each["Value"]
        for each in world.stack.aws.cognito.admin_get_user(UserPoolId=pool, Username=user_id)[
            "UserAttributes"
        ]
    }
    assert attributes["email_verified"] == "true"
    assert attributes["custom:studio_id"] == PLATFORM_STUDIO

    assert done("change-role", user_id, *STUDIO, "--role", "owner", *BY)["role"] == "owner"
    assert in_pool(world, user_id) == (True, ["owner"])
    assert done("disable", user_id, *STUDIO, *BY)["status"] == "disabled"
    assert in_pool(world, user_id)[0] is False
    shown = listed(world, user_id)
    assert shown is not None
    assert (shown["status"], shown["actions"]) == ("disabled", ["remove"])
    refused = world.call("PATCH", f"/users/{user_id}", {"role": "staff"})
    assert (refused.status_code, refused.json()["code"]) == (409, "user_disabled")
    assert done("enable", user_id, *STUDIO, *BY)["status"] == "active"
    assert in_pool(world, user_id) == (True, ["owner"])
    assert done("remove", user_id, *STUDIO, *BY)["status"] == "removed"
    assert in_pool(world, user_id)[0] is False

    changes = world.call("GET", "/users").json()["changes"]
    mine = [each for each in changes if each["user_id"] == user_id]
    assert [each["event"] for each in mine] == [
        *("removed", "enabled", "disabled", "role_changed", "invited"),
    ]
    assert {each["by"] for each in mine} == {"op_1"}


def test_refusals_are_one_line_and_change_nothing(world: DeployedStack) -> None:
    user = ("nobody", *STUDIO, *BY)
    assert "has no such user" in failure_of(operate("users", "disable", *user))
    elsewhere = ("--studio", "st_nowhere")
    assert "There is no studio st_nowhere" in failure_of(operate("users", "list", *elsewhere))
    address = ("--email", "not an address", "--name", "Dana", "--role", "staff")
    line = failure_of(operate("users", "invite", *STUDIO, *address, *BY))
    assert "user.email" in line
    assert "not an address" not in line
    assert in_pool(world, f"owner.{PLATFORM_STUDIO}") == (True, ["owner"])


def test_users_of_the_pool_are_adopted_once_with_their_role(world: DeployedStack) -> None:
    cognito, pool = world.stack.aws.cognito, user_pool(world)
    names = {role: f"pool_{role}_{uuid.uuid4().hex[:8]}" for role in ("staff", "none")}
    try:
        for role, name in names.items():
            cognito.admin_create_user(
                UserPoolId=pool,
                Username=name,
                MessageAction="SUPPRESS",
                UserAttributes=[{"Name": "custom:studio_id", "Value": PLATFORM_STUDIO}],
            )
            if role != "none":
                cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=role)

        previewed = operate("users", "adopt", *BY, "--dry-run")
        assert previewed.exit_code == 1, "somebody has no role"
        assert "would be adopted" in previewed.stdout
        assert names["staff"] not in {each["user_id"] for each in done("list", *STUDIO)}

        adopted = operate("users", "adopt", *BY)
        assert "has no role: add one" in adopted.stdout
        rows = {each["user_id"]: each for each in done("list", *STUDIO)}
        assert (rows[names["staff"]]["role"], rows[names["staff"]]["status"]) == ("staff", "active")
        assert names["none"] not in rows
        assert names["staff"] not in operate("users", "adopt", *BY).stdout, "adopted already"
    finally:
        operate("users", "remove", names["staff"], *STUDIO, *BY)
        for name in names.values():
            cognito.admin_delete_user(UserPoolId=pool, Username=name)
