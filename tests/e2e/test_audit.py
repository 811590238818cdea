"""The audit log has sign-ins, what PPS reads and who changes users, with ids alone."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from shared.clock import rfc3339, utc_now
from shared.edge.auth import Role
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack, until
from tests.operate import operate, use_local_stack

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def local_stack(world: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_local_stack(world.stack, tmp_path, monkeypatch)


def audited(since: str, *arguments: str) -> list[dict[str, Any]]:
    result = operate("audit", "--since", since, *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def eventually(since: str, count: int, *arguments: str) -> list[dict[str, Any]]:
    """Return the records once there are so many: a log is written after the answer."""
    return until(
        lambda: found if len(found := audited(since, *arguments)) >= count else None,
        "audit records",
    )


def test_what_pps_reads_of_a_studio_is_recorded(world: DeployedStack) -> None:
    since = rfc3339(utc_now())
    asked = f"/orders?studio_id={PLATFORM_STUDIO}&q=parent"
    assert world.call("GET", asked, role=Role.PPS_ADMIN).status_code == 200
    found = eventually(since, 1, "--user", "pps_admin")
    (row,) = [each for each in found if each["route"] == "/orders"]
    assert (row["audit"], row["studio_id"]) == ("studio_read_by_pps", PLATFORM_STUDIO)
    assert (row["method"], row["service"]) == ("GET", "find_orders")


def test_a_change_of_a_user_is_recorded_without_personal_data(world: DeployedStack) -> None:
    since = rfc3339(utc_now())
    body = {"email": f"{uuid.uuid4().hex}@mail.example", "name": "Zelda", "role": "staff"}
    user = world.call("POST", "/users", body).json()["user_id"]
    world.call("PATCH", f"/users/{user}", {"role": "bookkeeper"})
    world.call("DELETE", f"/users/{user}")
    found = [each for each in eventually(since, 3) if each["changed_user"] == user]
    assert [(each["change"], each["role"], each["previous_role"]) for each in found] == [
        ("invited", "staff", None),
        ("role_changed", "bookkeeper", "staff"),
        ("removed", "bookkeeper", None),
    ]
    assert {each["user"] for each in found} == {f"owner.{PLATFORM_STUDIO}"}
    assert body["email"] not in str(found)
    assert "Zelda" not in str(found)


def test_a_sign_in_is_recorded_and_a_refreshed_session_is_not(world: DeployedStack) -> None:
    since = rfc3339(utc_now())
    user = world.stack.users[PLATFORM_STUDIO]["staff"]
    environment = world.environment("find_orders")
    cognito = world.stack.aws.cognito
    pool, client = environment["TOKEN_ISSUER"].rpartition("/")[2], environment["TOKEN_CLIENT_ID"]
    signed_in = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user.name, "PASSWORD": user.password},
    )["AuthenticationResult"]
    cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": signed_in["RefreshToken"]},
    )
    found = eventually(since, 1, "--user", user.name)
    ours = [each for each in found if each["audit"] == "signed_in"]
    assert [each["studio_id"] for each in ours] == [PLATFORM_STUDIO]
