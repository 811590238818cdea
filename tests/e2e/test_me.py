"""Who is signed in, what they may do, how their studio is set up, and the list of studios."""

from typing import Any

import pytest

from infra.local.demo_users import DEMO_NAMES
from shared.edge.auth import ALLOWED, Action, Role
from tests.e2e.world import (
    DIRECT_STUDIO,
    PLATFORM_STUDIO,
    YEN_STUDIO,
    DeployedStack,
    named_user,
)

pytestmark = pytest.mark.stack


def me(world: DeployedStack, role: str, path: str = "/me", **options: Any) -> dict[str, Any]:  # noqa: ANN401  # of a request
    answer = world.call("GET", path, role=role, **options)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PPS_ADMIN])
def test_each_role_is_told_what_it_may_do(world: DeployedStack, role: Role) -> None:
    shown = me(world, role)
    assert shown["user_id"] == f"{role}.{PLATFORM_STUDIO}"
    assert shown["display_name"] == DEMO_NAMES[role]
    assert shown["roles"] == [role]
    assert set(shown["actions"]) == {each.code for each in Action if role in ALLOWED[each]}
    assert shown["refund_limit_amount"] == (100_000 if role is Role.STAFF else None)
    assert not shown["is_pps_admin"]
    assert (shown["studio"]["settings"] is None) == (role is Role.PRINT_OPERATOR)


def test_the_studio_is_shown_with_its_settings(world: DeployedStack) -> None:
    studio = me(world, "owner")["studio"]
    assert studio["studio_id"] == PLATFORM_STUDIO
    assert (studio["currency"], studio["minor_unit_digits"]) == ("usd", 2)
    assert studio["time_zone"] == "America/Chicago"
    settings = studio["settings"]
    assert settings["rev_share_bps"] == 1500
    assert settings["from_address"].endswith("@" + settings["sending_domain"])
    assert settings["payout_interval"] == "weekly"
    yen = me(world, "staff", studio_id=YEN_STUDIO)
    assert yen["studio"]["minor_unit_digits"] == 0
    assert yen["refund_limit_amount"] == 160_000


def test_a_pps_admin_sees_themselves_and_the_studio_that_they_name(world: DeployedStack) -> None:
    alone = me(world, "pps_admin")
    assert (alone["studio"], alone["is_pps_admin"]) == (None, True)
    assert "read_studios" in alone["actions"]
    assert "request_refund" not in alone["actions"]
    named = me(world, "pps_admin", f"/me?studio_id={DIRECT_STUDIO}")
    assert named["studio"]["studio_id"] == DIRECT_STUDIO
    unknown = world.call("GET", "/me?studio_id=st_nowhere", role="pps_admin")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "studio_not_found")


def test_a_user_with_a_name_is_called_by_it(world: DeployedStack) -> None:
    shown = me(world, "", token=named_user(world, "Una Kerr", "staff"))
    assert shown["display_name"] == "Una Kerr"
    assert shown["user_id"].startswith("staff-")


def test_pps_admins_list_studios_by_name(world: DeployedStack) -> None:
    listed: list[dict[str, Any]] = []
    path = "/studios?limit=1"
    while True:
        page = me(world, "pps_admin", path)
        listed += page["items"]
        if page["next_cursor"] is None:
            break
        path = f"/studios?limit=1&cursor={page['next_cursor']}"
    names = [each["name"] for each in listed]
    assert names == sorted(names, key=str.casefold)
    ids = [each["studio_id"] for each in listed]
    assert len(ids) == len(set(ids))
    assert {PLATFORM_STUDIO, DIRECT_STUDIO, YEN_STUDIO} <= set(ids)
    assert listed[0]["status"] == "active"
    prefix = names[0][:4].upper()
    found = me(world, "pps_admin", f"/studios?name={prefix}")["items"]
    assert listed[0] in found
    assert all(each["name"].upper().startswith(prefix) for each in found)
    assert me(world, "pps_admin", "/studios?name=zzz")["items"] == []


def test_a_cursor_of_another_list_of_studios_is_refused(world: DeployedStack) -> None:
    cursor = me(world, "pps_admin", "/studios?limit=1")["next_cursor"]
    for path in (f"/studios?name=x&cursor={cursor}", "/studios?cursor=x"):
        answer = world.call("GET", path, role="pps_admin")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")
