"""The owner invites a user, changes the role, and removes the user, on the deployed stack."""

import uuid
from typing import Any

import pytest

from infra.local.demo_users import DEMO_NAMES
from shared.edge.auth import Role
from tests.at_once import at_once
from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack

pytestmark = pytest.mark.stack


def invited(world: DeployedStack, role: str = "staff") -> dict[str, Any]:
    """Invite somebody new to the platform studio."""
    body = {"email": f"{uuid.uuid4().hex}@mail.example", "name": "Dana", "role": role}
    answer = world.call("POST", "/users", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json() | {"body": body}
    return found


def listed(world: DeployedStack, user_id: str, **asked: Any) -> dict[str, Any] | None:  # noqa: ANN401  # the parameters of call
    users = world.call("GET", "/users", **asked).json()["items"]
    return next((each for each in users if each["user_id"] == user_id), None)


def in_pool(world: DeployedStack, user_id: str) -> tuple[bool, list[str]]:
    """Return whether a user may sign in, and with which roles."""
    cognito, pool = world.stack.aws.cognito, user_pool(world)
    user = cognito.admin_get_user(UserPoolId=pool, Username=user_id)
    groups = cognito.admin_list_groups_for_user(UserPoolId=pool, Username=user_id)["Groups"]
    return user["Enabled"], [each["GroupName"] for each in groups]


def user_pool(world: DeployedStack) -> str:
    pools = world.stack.aws.cognito.list_user_pools(MaxResults=60)["UserPools"]
    for pool in pools:
        users = world.stack.aws.cognito.list_users(UserPoolId=pool["Id"])["Users"]
        if any(each["Username"] == f"owner.{PLATFORM_STUDIO}" for each in users):
            return pool["Id"]
    raise LookupError("no pool has the owner")


def test_the_owner_sees_the_studios_users_and_who_is_the_last_owner(world: DeployedStack) -> None:
    me = listed(world, f"owner.{DIRECT_STUDIO}", studio_id=DIRECT_STUDIO)
    assert me is not None
    assert (me["role"], me["is_you"], me["actions"]) == ("owner", True, [])
    assert listed(world, f"staff.{DIRECT_STUDIO}", studio_id=DIRECT_STUDIO)
    path = f"/users/{me['user_id']}"
    for answer in (
        world.call("DELETE", path, studio_id=DIRECT_STUDIO),
        world.call("PATCH", path, {"role": "staff"}, studio_id=DIRECT_STUDIO),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert in_pool(world, me["user_id"]) == (True, ["owner"])


def test_a_user_is_invited_promoted_and_removed(world: DeployedStack) -> None:
    user = invited(world)
    assert (user["status"], user["role"], user["name"]) == ("active", "staff", "Dana")
    assert user["changed_by_name"] == DEMO_NAMES["owner"]
    assert in_pool(world, user["user_id"]) == (True, ["staff"])
    again = world.call("POST", "/users", user["body"])
    assert (again.status_code, again.json()["user_id"]) == (201, user["user_id"])
    other = world.call("POST", "/users", user["body"] | {"role": "owner"})
    assert (other.status_code, other.json()["code"]) == (409, "user_exists")

    path = f"/users/{user['user_id']}"
    assert world.call("PATCH", path, {"role": "bookkeeper"}).json()["role"] == "bookkeeper"
    assert in_pool(world, user["user_id"]) == (True, ["bookkeeper"])
    assert world.call("DELETE", path).json()["status"] == "removed"
    assert in_pool(world, user["user_id"])[0] is False
    assert listed(world, user["user_id"]) is None

    changes = world.call("GET", "/users").json()["changes"]
    mine = [each for each in changes if each["user_id"] == user["user_id"]]
    assert [each["event"] for each in mine] == ["removed", "role_changed", "invited"]
    assert {each["by_name"] for each in mine} == {DEMO_NAMES["owner"]}
    logged = str(world.log_lines("users"))
    assert user["user_id"] in logged
    assert user["body"]["email"] not in logged


def test_a_nervous_click_invites_once(world: DeployedStack) -> None:
    body = {"email": f"{uuid.uuid4().hex}@mail.example", "name": "Dana", "role": "bookkeeper"}
    answers = at_once(6, lambda _: world.call("POST", "/users", body))
    codes = {(each.status_code, each.json().get("code")) for each in answers}
    assert codes <= {(201, None), (409, "user_change_pending"), (503, "busy")}
    user_id = next(each.json()["user_id"] for each in answers if each.status_code == 201)
    changes = world.call("GET", "/users").json()["changes"]
    assert [each["event"] for each in changes if each["user_id"] == user_id] == ["invited"]
    assert in_pool(world, user_id) == (True, ["bookkeeper"])


def test_another_studios_user_is_not_found(world: DeployedStack) -> None:
    path = f"/users/staff.{PLATFORM_STUDIO}"
    for answer in (
        world.call("DELETE", path, studio_id=DIRECT_STUDIO),
        world.call("PATCH", path, {"role": "owner"}, studio_id=DIRECT_STUDIO),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")
    assert in_pool(world, f"staff.{PLATFORM_STUDIO}") == (True, ["staff"])


def test_pps_reads_users_and_changes_none(world: DeployedStack) -> None:
    asked = f"?studio_id={PLATFORM_STUDIO}"
    found = world.call("GET", f"/users{asked}", role=Role.PPS_ADMIN)
    assert found.status_code == 200
    assert all(each["actions"] == [] for each in found.json()["items"])
    body = {"email": "x@mail.example", "name": "X", "role": "owner"}
    refused = world.call("POST", f"/users{asked}", body, role=Role.PPS_ADMIN)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "change",
    [
        {"role": "pps_admin"},
        {"role": "Owner"},
        {"email": "no address"},
        {"email": "a@b.example\nBcc: c@d.example"},
        {"name": "  "},
        {"studio_id": DIRECT_STUDIO},
    ],
)
def test_a_wrong_invitation_is_refused(world: DeployedStack, change: dict[str, str]) -> None:
    body = {"email": "dana@mail.example", "name": "Dana", "role": "staff"} | change
    answer = world.call("POST", "/users", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
