"""The API answers bad input with a clear problem, and nothing changes."""

import json

import pytest

from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack, said, until

pytestmark = pytest.mark.stack

OTHER = {"reason": "other"}


def line(line_id: str, quantity: object) -> dict[str, object]:
    return {
        **OTHER,
        "type": "line_items",
        "items": [{"line_id": line_id, "quantity": quantity}],
    }


BODIES = {
    "amount 0": ({**OTHER, "type": "partial", "amount": 0}, 422, "invalid_input", "amount"),
    "amount negative": ({**OTHER, "type": "partial", "amount": -1}, 422, "invalid_input", "amount"),
    "amount fraction": (
        {**OTHER, "type": "partial", "amount": 10.5},
        422,
        "invalid_input",
        "amount",
    ),
    "amount float": ({**OTHER, "type": "partial", "amount": 10.0}, 422, "invalid_input", "amount"),
    "amount string": ({**OTHER, "type": "partial", "amount": "10"}, 422, "invalid_input", "amount"),
    "amount true": ({**OTHER, "type": "partial", "amount": True}, 422, "invalid_input", "amount"),
    "amount missing": ({**OTHER, "type": "partial"}, 422, "invalid_input", "amount"),
    "amount over": (
        {**OTHER, "type": "partial", "amount": 10001},
        422,
        "amount_exceeds_refundable",
        None,
    ),
    "unknown line": (line("li_9", 1), 422, "unknown_line", None),
    "shipping as line": (line("shipping", 1), 422, "unknown_line", None),
    "quantity 0": (line("li_1", 0), 422, "invalid_input", "items.0.quantity"),
    "quantity over": (line("li_1", 5), 422, "quantity_exceeds_refundable", None),
    "line with a separator": (line("li#1", 1), 422, "invalid_input", "items.0.line_id"),
    "no items": ({**OTHER, "type": "line_items", "items": []}, 422, "invalid_input", "body"),
    "shipping that was free": (
        {**OTHER, "type": "line_items", "items": [], "shipping": True},
        422,
        "shipping_not_refundable",
        None,
    ),
    "unknown type": ({**OTHER, "type": "half"}, 422, "invalid_input", "body"),
    "no type": ({**OTHER}, 422, "invalid_input", "body"),
    "unknown reason": ({"type": "full", "reason": "fraudulent"}, 422, "invalid_input", "reason"),
    "no reason": ({"type": "full"}, 422, "invalid_input", "reason"),
    "extra field": ({**OTHER, "type": "full", "amount": 1}, 422, "invalid_input", "amount"),
    "long note": ({**OTHER, "type": "full", "note": "x" * 501}, 422, "invalid_input", "note"),
    "unexpected amount left": (
        {**OTHER, "type": "full", "expected_refundable_amount": 9999},
        409,
        "refundable_amount_changed",
        None,
    ),
    "not JSON": ("{type: full}", 400, "invalid_json", None),
    "empty": ("", 422, "invalid_input", "body"),
    "a list": ([], 422, "invalid_input", "body"),
    "too large": (json.dumps({"note": "x" * 300_000}), 413, "body_too_large", None),
}


@pytest.fixture(scope="module")
def order_id(world: DeployedStack) -> str:
    """An order that no test here may change."""
    return world.sell()


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_and_changes_nothing(
    world: DeployedStack, order_id: str, name: str
) -> None:
    body, status, code, field = BODIES[name]
    paths = [f"/orders/{order_id}/refunds"]
    if name != "no reason":  # a preview takes none
        paths.append(f"{paths[0]}/preview")
    for path in paths:
        answer = world.call("POST", path, body, headers={"Idempotency-Key": f"bad {name}"[:3]})
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert {"type", "title", "detail"} <= problem.keys()
        if field is not None:
            assert field in [error["field"] for error in problem["errors"]]
    preview = world.call(
        "POST", f"/orders/{order_id}/refunds/preview", {**OTHER, "type": "full"}
    ).json()
    assert preview["refundable_amount_before"] == 10000


@pytest.mark.parametrize("key", [None, "", "k" * 256, "with space"])
def test_a_bad_idempotency_key_is_refused(
    world: DeployedStack, order_id: str, key: str | None
) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {**OTHER, "type": "full"}
    answer = world.call("POST", f"/orders/{order_id}/refunds", body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")


def test_a_key_with_another_body_is_refused(world: DeployedStack) -> None:
    mine = world.sell()
    body = {**OTHER, "type": "partial", "amount": 100}
    first = world.request_refund(mine, body, key="same")
    again = world.request_refund(mine, body, key="same")
    other = world.request_refund(mine, {**body, "amount": 101}, key="same")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["refund_id"] == again.json()["refund_id"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_another_studios_order_is_not_found(world: DeployedStack) -> None:
    theirs = world.sell(DIRECT_STUDIO)
    body = {**OTHER, "type": "full"}
    answers = [
        (
            world.request_refund(order_id, body),
            world.call("POST", f"/orders/{order_id}/refunds/preview", body),
            world.call("GET", f"/orders/{order_id}/refunds/rf_1"),
        )
        for order_id in (theirs, "ord_does_not_exist")
    ]
    for of_theirs, of_none in zip(*answers, strict=True):
        assert of_theirs.status_code == 404
        assert said(of_theirs) == said(of_none)
        assert of_theirs.json()["code"] == "order_not_found"


def test_an_order_without_a_charge_is_refused(world: DeployedStack) -> None:
    record = world.order()
    mine = world.sell(stripe={**record["stripe"], "charge_id": None})
    answer = world.request_refund(mine, {**OTHER, "type": "full"})
    assert (answer.status_code, answer.json()["code"]) == (409, "order_not_charged")


def test_a_disputed_order_is_refused(world: DeployedStack) -> None:
    mine = world.sell()
    world.control("disputes", charge=mine.replace("ord_", "ch_"))

    def disputed() -> bool | None:
        answer = world.call("POST", f"/orders/{mine}/refunds/preview", {**OTHER, "type": "full"})
        return answer.json().get("code") == "charge_disputed" or None

    until(disputed, "the dispute is on the order")
    answer = world.request_refund(mine, {**OTHER, "type": "full"})
    assert (answer.status_code, answer.json()["code"]) == (409, "charge_disputed")


def test_a_dispute_that_only_stripe_knows_is_refused(world: DeployedStack) -> None:
    mine = world.sell()
    with world.webhooks_held():
        world.control("disputes", charge=mine.replace("ord_", "ch_"))
        answer = world.request_refund(mine, {**OTHER, "type": "full"}, key="k")
        again = world.request_refund(mine, {**OTHER, "type": "full"}, key="k")
    assert (answer.status_code, answer.json()["code"]) == (409, "charge_disputed")
    assert said(again) == said(answer)


def test_a_print_in_production_is_refused(world: DeployedStack) -> None:
    mine = world.sell(fulfillment={"status": "claimed", "claimed_by": "station-1"})
    refused = world.request_refund(mine, {**OTHER, "type": "full"})
    assert (refused.status_code, refused.json()["code"]) == (409, "fulfillment_in_progress")
    preview = world.call("POST", f"/orders/{mine}/refunds/preview", {**OTHER, "type": "full"})
    assert preview.json()["warnings"] == ["fulfillment_in_progress"]
    kept = world.request_refund(mine, {**OTHER, "type": "full", "fulfillment": "keep"})
    assert kept.status_code == 201


def test_a_route_that_does_not_exist_is_refused(world: DeployedStack) -> None:
    answer = world.call("GET", "/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("token", "status"), [("", 401), ("nonsense", 401), ("a.b.c", 401)])
def test_a_request_without_a_good_token_is_refused(
    world: DeployedStack, token: str, status: int
) -> None:
    answer = world.call("GET", "/orders/ord_1/refunds/rf_1", token=token)
    assert (answer.status_code, answer.json()["code"]) == (status, "unauthorized")


@pytest.mark.parametrize("role", ["print_operator", "bookkeeper"])
def test_a_role_that_may_not_refund_is_refused(
    world: DeployedStack, order_id: str, role: str
) -> None:
    answer = world.request_refund(order_id, {**OTHER, "type": "full"}, role=role)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_user_without_a_studio_is_refused(world: DeployedStack, order_id: str) -> None:
    token = world.stack.tokens[PLATFORM_STUDIO]["pps_admin"]
    answer = world.call("GET", f"/orders/{order_id}/refunds/rf_1", token=token)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_no_answer_is_stored_and_every_problem_names_its_request(world: DeployedStack) -> None:
    mine = world.sell()
    good = [world.call("GET", path) for path in ("/me", "/orders", f"/orders/{mine}")]
    bad = [
        world.call("GET", "/orders", token=""),  # refused by API Gateway
        world.call("GET", "/orders/ord_nowhere"),
        world.call("GET", "/orders?limit=0"),
        world.call("POST", f"/orders/{mine}/refunds/preview", "{"),
        world.call("GET", "/nowhere"),
    ]
    assert [each.status_code for each in good + bad] == [200] * 3 + [401, 404, 422, 400, 404]
    assert {each.headers["cache-control"] for each in good + bad} == {"no-store"}
    ids = [each.json()["request_id"] for each in bad]
    assert len(set(ids)) == len(ids)
    assert all(ids)
    assert not any("$" in each for each in ids)
