"""Every route with every role, without a good token, and with another studio's ids."""

import base64
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.edge.auth import ALLOWED, Action, Role
from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack, said, sign_in, until

pytestmark = pytest.mark.stack

DESCRIPTION = Path(__file__).parents[2] / "docs" / "openapi.json"


@dataclass(frozen=True)
class Route:
    """A route with its action (None for any user) and a body that it accepts."""

    method: str
    path: str
    action: Action | None
    body: dict[str, Any] | None = None
    query: str = ""


FULL = {"type": "full", "reason": "other"}
MESSAGE = {"template": "refund_confirmation", "refund_id": "rf_none"}
ROUTES = {
    "find_orders": Route("GET", "/orders", Action.READ_ORDERS),
    "show_order": Route("GET", "/orders/{order_id}", Action.READ_ORDERS),
    "preview_refund": Route(
        "POST", "/orders/{order_id}/refunds/preview", Action.REQUEST_REFUND, FULL
    ),
    "create_refund": Route("POST", "/orders/{order_id}/refunds", Action.REQUEST_REFUND, FULL),
    "read_refund": Route("GET", "/orders/{order_id}/refunds/{refund_id}", Action.READ_REFUND),
    "resolve_refund": Route(
        "POST",
        "/orders/{order_id}/refunds/{refund_id}/resolution",
        Action.RESOLVE,
        {"paid_by": "check"},
    ),
    "cancel_fulfillment": Route(
        "POST", "/orders/{order_id}/fulfillment/cancel", Action.CANCEL_FULFILLMENT
    ),
    "print_queue": Route("GET", "/print-station/queue", Action.READ_PRINT_QUEUE),
    "claim_print": Route("POST", "/print-station/orders/{order_id}/claim", Action.WORK_PRINT_QUEUE),
    "record_print": Route(
        "POST", "/print-station/orders/{order_id}/print", Action.WORK_PRINT_QUEUE
    ),
    "ship_print": Route("POST", "/print-station/orders/{order_id}/ship", Action.WORK_PRINT_QUEUE),
    "preview_message": Route(
        "POST", "/orders/{order_id}/messages/preview", Action.SEND_MESSAGE, MESSAGE
    ),
    "send_message": Route("POST", "/orders/{order_id}/messages", Action.SEND_MESSAGE, MESSAGE),
    "resolve_message": Route(
        "POST",
        "/orders/{order_id}/messages/{message_id}/resolution",
        Action.SEND_MESSAGE,
        {"outcome": "received"},
    ),
    "summarize_refunds": Route("GET", "/reports/refunds/summary", Action.READ_REPORTS),
    "add_up_refunded_tax": Route("GET", "/reports/refunds/taxes", Action.READ_REPORTS),
    "report_refunds": Route("GET", "/reports/refunds", Action.READ_REPORTS),
    "export_ledger": Route("GET", "/reports/ledger", Action.READ_REPORTS),
    "read_export": Route("GET", "/reports/refunds/exports/{export_id}", Action.READ_REPORTS),
    "find_refund_patterns": Route(
        "GET", "/reports/refunds/patterns", Action.READ_REPORTS, query="by=reason"
    ),
    "read_refund_patterns": Route(
        "GET", "/reports/refunds/patterns/{export_id}", Action.READ_REPORTS
    ),
    "next_payout": Route("GET", "/payouts/next", Action.READ_PAYOUTS),
    "list_payouts": Route("GET", "/payouts", Action.READ_PAYOUTS),
    "read_payout": Route("GET", "/payouts/{payout_id}", Action.READ_PAYOUTS),
    "count_attention": Route("GET", "/attention/count", Action.READ_ATTENTION),
    "list_attention": Route("GET", "/attention", Action.READ_ATTENTION),
    "dismiss_dispute": Route(
        "POST", "/orders/{order_id}/disputes/{dispute_id}/dismissal", Action.RESOLVE
    ),
    "dismiss_delivery": Route(
        "POST", "/orders/{order_id}/messages/{message_id}/dismissal", Action.RESOLVE
    ),
    "resolve_parked_message": Route(
        "POST", "/attention/parked/{parked_id}/resolution", Action.RESOLVE
    ),
    "propose_adjustment": Route(
        "POST", "/adjustments", Action.PROPOSE_ADJUSTMENT, {"amount": 1, "reason": "A test"}
    ),
    "list_users": Route("GET", "/users", Action.READ_USERS),
    "invite_user": Route(
        "POST",
        "/users",
        Action.MANAGE_USERS,
        {"email": "new@studio.example", "name": "New", "role": "bookkeeper"},
    ),
    "change_user_role": Route("PATCH", "/users/{user_id}", Action.MANAGE_USERS, {"role": "staff"}),
    "remove_user": Route("DELETE", "/users/{user_id}", Action.MANAGE_USERS),
    "list_adjustments": Route("GET", "/adjustments", Action.READ_ADJUSTMENTS),
    "read_adjustment": Route("GET", "/adjustments/{adjustment_id}", Action.READ_ADJUSTMENTS),
    "approve_adjustment": Route(
        "POST", "/adjustments/{adjustment_id}/approve", Action.DECIDE_ADJUSTMENT
    ),
    "reject_adjustment": Route(
        "POST", "/adjustments/{adjustment_id}/reject", Action.DECIDE_ADJUSTMENT
    ),
    "show_me": Route("GET", "/me", None),
    "list_stops": Route("GET", "/stops", None),
    "list_studios": Route("GET", "/studios", Action.READ_STUDIOS),
}
# A PPS admin may ask for these without naming a studio.
OF_NO_STUDIO = {"show_me", "list_stops", "list_studios"}
OF_AN_ORDER = sorted(name for name, route in ROUTES.items() if "{order_id}" in route.path)
NOWHERE = {
    "order_id": "ord_nowhere",
    "refund_id": "rf_nowhere",
    "message_id": "msg_nowhere",
    "export_id": "0" * 32,
    "payout_id": "po_nowhere",
    "parked_id": "nowhere",
    "dispute_id": "dp_nowhere",
    "adjustment_id": "adj_nowhere",
    "user_id": "user_nowhere",
}


def send(
    world: DeployedStack,
    name: str,
    token: str,
    order_id: str = "ord_nowhere",
    query: str = "",
) -> httpx.Response:
    """Send a request about an order to a route, with a token."""
    route = ROUTES[name]
    path = route.path.format(**{**NOWHERE, "order_id": order_id})
    asked = "&".join(part for part in (route.query, query) if part)
    return world.call(
        route.method,
        f"{path}?{asked}" if asked else path,
        route.body,
        token=token,
        headers={"Idempotency-Key": uuid.uuid4().hex} if route.method == "POST" else {},
    )


def code_of(answer: httpx.Response) -> tuple[int, str | None]:
    problem = answer.headers["content-type"].startswith("application/problem+json")
    return answer.status_code, answer.json()["code"] if problem else None


@pytest.fixture(scope="module")
def order_id(world: DeployedStack) -> str:
    """A queued order of the platform studio."""
    return world.sell(fulfillment={"status": "queued", "claimed_by": None})


def test_every_route_of_the_description_is_here() -> None:
    described = {
        operation["operationId"]: (method.upper(), path)
        for path, operations in json.loads(DESCRIPTION.read_text())["paths"].items()
        for method, operation in operations.items()
        if operation["operationId"] != "stripe_webhook"
    }
    assert {name: (route.method, route.path) for name, route in ROUTES.items()} == described


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", ROUTES)
def test_a_role_may_do_what_the_table_says_and_no_more(
    world: DeployedStack, order_id: str, name: str, role: Role
) -> None:
    token = world.stack.tokens[PLATFORM_STUDIO][role]
    query = f"studio_id={PLATFORM_STUDIO}" if role is Role.PPS_ADMIN else ""
    action = ROUTES[name].action
    if action is None or role in ALLOWED[action]:
        status, code = code_of(send(world, name, token, query=query))
        assert status in {200, 201, 202, 404}, code
        if name in OF_AN_ORDER:
            assert (status, code) == (404, "order_not_found")
    else:
        there = send(world, name, token, order_id, query)
        nowhere = send(world, name, token, query=query)
        assert code_of(there) == code_of(nowhere) == (403, "forbidden")
        assert said(there) == said(nowhere)


@pytest.mark.parametrize("name", OF_AN_ORDER)
def test_another_studios_order_is_not_found(world: DeployedStack, order_id: str, name: str) -> None:
    token = world.stack.tokens[DIRECT_STUDIO]["owner"]
    theirs = send(world, name, token, order_id)
    nowhere = send(world, name, token)
    assert code_of(theirs) == code_of(nowhere) == (404, "order_not_found")
    assert said(theirs) == said(nowhere)


@pytest.mark.parametrize("name", ROUTES)
def test_only_pps_admins_may_name_a_studio(world: DeployedStack, order_id: str, name: str) -> None:
    owner = world.stack.tokens[DIRECT_STUDIO]["owner"]
    named = send(world, name, owner, order_id, f"studio_id={PLATFORM_STUDIO}")
    assert code_of(named) == (403, "forbidden")
    admin = world.stack.tokens[DIRECT_STUDIO]["pps_admin"]
    unnamed = code_of(send(world, name, admin, order_id))
    assert unnamed == ((200, None) if name in OF_NO_STUDIO else (403, "forbidden"))


def test_reads_by_pps_admins_are_logged(world: DeployedStack) -> None:
    token = world.stack.tokens[PLATFORM_STUDIO]["pps_admin"]
    send(world, "find_orders", token, query=f"studio_id={DIRECT_STUDIO}")

    def logged() -> bool | None:
        lines = world.log_lines("find_orders")
        return any(line.get("studio_id") == DIRECT_STUDIO for line in lines) or None

    until(logged, "PPS's look at a studio in the log")


@pytest.fixture(scope="module")
def bad_tokens(world: DeployedStack) -> dict[str, str]:
    """Tokens that are expired, revoked or from elsewhere."""
    cognito = world.stack.aws.cognito
    good = world.stack.tokens[PLATFORM_STUDIO]["owner"]
    head, claims, signature = good.split(".")
    issuer = json.loads(base64.urlsafe_b64decode(claims + "=="))["iss"]
    pool = issuer.rpartition("/")[2]
    brief = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="brief",
        IdTokenValidity=1,
        TokenValidityUnits={"IdToken": "seconds"},
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    )["UserPoolClient"]["ClientId"]
    other = cognito.create_user_pool(
        PoolName="other",
        Schema=[{"Name": "studio_id", "AttributeDataType": "String", "Mutable": False}],
    )["UserPool"]["Id"]
    other_client = cognito.create_user_pool_client(
        UserPoolId=other,
        ClientName="other",
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    )["UserPoolClient"]["ClientId"]
    cognito.create_group(UserPoolId=other, GroupName="owner")
    return {
        "none": "",
        "nonsense": "nonsense",
        "edited": f"{head}.{claims[:-6]}AAAAAA.{signature}",
        "unsigned": f"{head}.{claims}.",
        "expired": sign_in(world, pool, brief)["IdToken"],
        "of another pool": sign_in(world, other, other_client)["IdToken"],
    }


@pytest.mark.parametrize(
    "kind", ["none", "nonsense", "edited", "unsigned", "expired", "of another pool"]
)
@pytest.mark.parametrize("name", ROUTES)
def test_a_request_without_a_good_token_learns_nothing(
    world: DeployedStack, order_id: str, bad_tokens: dict[str, str], name: str, kind: str
) -> None:
    token = bad_tokens[kind]
    if kind == "expired":
        until(lambda: send(world, name, token).status_code == 401 or None, "expired", seconds=10)
    there = send(world, name, token, order_id)
    assert there.status_code == 401
    assert there.headers["content-type"] == "application/problem+json"
    assert said(there) == said(send(world, name, token))
