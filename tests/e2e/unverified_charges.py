"""Charges that Stripe decides about late, so that the functions have to read them again."""

import json
import uuid
from datetime import timedelta
from http import HTTPStatus

import httpx

from infra.local.stripe_server import charge_of
from shared.clock import utc_now
from tests.e2e.payday import pay_out, studio_with_a_sale
from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack, Json, until

_REFUND = {"type": "partial", "amount": 1000, "reason": "other"}
_TRIES = 5


def read_all_charges(world: DeployedStack) -> None:
    """Let each function read or announce charges in every way in which it does."""
    read_by_a_request(world)
    take_in_what_came_before(world)
    hold_an_inquiry_back(world)


def read_by_a_request(world: DeployedStack) -> None:
    """Request refunds of orders whose payment and disputes are not known here yet."""
    unanswered = _unpaid_order(world, PLATFORM_STUDIO)
    path = f"/v1/charges/{_charge_id(unanswered)}"
    world.control("faults", fault="reset_before_effect", times=2, match={"path_prefix": path})
    answer = _request_refund(world, unanswered["order_id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "order_not_paid")
    world.invoke("resume_pending", None)

    platform = _unpaid_order(world, PLATFORM_STUDIO)
    direct = _unpaid_order(world, DIRECT_STUDIO)
    with world.webhooks_held():
        world.control(f"charges/{_charge_id(platform)}", state="paid", silent=True)
        world.stripe("POST", "refunds", charge=_charge_id(platform), amount=100)
        answer = _request_refund(world, platform["order_id"])
        assert answer.status_code == 201, answer.text
        world.control(f"charges/{_charge_id(direct)}", state="paid", silent=True)
        world.control("disputes", charge=_charge_id(direct), silent=True)
        answer = _request_refund(world, direct["order_id"], DIRECT_STUDIO)
        assert (answer.status_code, answer.json()["code"]) == (409, "charge_disputed")


def _request_refund(
    world: DeployedStack, order_id: str, studio_id: str = PLATFORM_STUDIO
) -> httpx.Response:
    """Request a refund. Repeat it if a busy machine took too long to read the charge."""
    key = uuid.uuid4().hex
    for _ in range(_TRIES):
        answer = world.request_refund(order_id, _REFUND, key=key, studio_id=studio_id)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    return answer


def take_in_what_came_before(world: DeployedStack) -> None:
    """Import an order that Stripe has refunded, and let a parent dispute a direct charge."""
    order = world.order()
    world.control("charges", charges=[charge_of(order)])
    world.stripe("POST", "refunds", charge=_charge_id(order), amount=100)
    assert world.invoke("import_orders", {"orders": [json.dumps(order)]})["imported"] == 1
    disputed = world.sell(DIRECT_STUDIO)
    world.control("disputes", charge=disputed.replace("ord_", "ch_"))


def hold_an_inquiry_back(world: DeployedStack) -> str:
    """Pay out a studio that holds back what an inquiry may take; return its id."""
    studio_id = studio_with_a_sale(world, hold_disputed=True)
    order_id = str(world.entries(studio_id)[0]["order_id"])
    charge = order_id.replace("ord_", "ch_")
    world.control("disputes", charge=charge, status="warning_needs_response", amount=6000)

    def held() -> int | None:
        answer = world.call("GET", f"/payouts/next?studio_id={studio_id}", role="pps_admin")
        return answer.json()["disputed_held_amount"] or None

    until(held, "the disputed amount is held back")
    pay_out(world, studio_id)
    return studio_id


def lose_charges(world: DeployedStack) -> None:
    """Lose the events of a dispute, and import an order whose charge Stripe does not know."""
    studio_id = studio_with_a_sale(world)
    order_id = str(world.entries(studio_id)[0]["order_id"])
    opened = int((utc_now() - timedelta(hours=2)).timestamp())
    charge = order_id.replace("ord_", "ch_")
    world.control("disputes", charge=charge, created=opened, silent=True)
    unknown = world.order() | {"studio_id": studio_id}
    assert world.invoke("import_orders", {"orders": [json.dumps(unknown)]})["imported"] == 1
    path = f"/orders/{unknown['order_id']}?studio_id={studio_id}"
    until(
        lambda: (
            world.call("GET", path, role="pps_admin").json()["payment_status"] == "not_found"
            or None
        ),
        "the charge is not found",
    )


def _unpaid_order(world: DeployedStack, studio_id: str) -> Json:
    """Import an order whose bank has not paid yet."""
    order = world.order(studio_id)
    world.control("charges", charges=[charge_of(order) | {"state": "pending"}])
    assert world.invoke("import_orders", {"orders": [json.dumps(order)]})["imported"] == 1
    path = f"/orders/{order['order_id']}"
    until(
        lambda: (
            world.call("GET", path, studio_id=studio_id).json()["payment_status"] == "pending"
            or None
        ),
        "the charge is read",
    )
    return order


def _charge_id(order: Json) -> str:
    return str(order["stripe"]["charge_id"])
