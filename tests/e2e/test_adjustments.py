"""Manual adjustments on the deployed template: the routes, the operator command, the payout."""

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.payday import pay_out, studio_with_a_sale
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack, said, sign_in
from tests.operate import failure_of, operate, use_local_stack

pytestmark = pytest.mark.stack

NET = 8180


@pytest.fixture(scope="module")
def second_admin(world: DeployedStack) -> str:
    """The token of another PPS admin."""
    _, claims, _ = world.stack.tokens[PLATFORM_STUDIO]["pps_admin"].split(".")
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=="))
    pool = decoded["iss"].rpartition("/")[2]
    return sign_in(world, pool, decoded["aud"], "pps_admin")["IdToken"]


@pytest.fixture
def studio_id(world: DeployedStack) -> str:
    """A studio with one sale."""
    return studio_with_a_sale(world)


def propose(
    world: DeployedStack, studio_id: str, body: object, key: str | None = None
) -> httpx.Response:
    """Propose an adjustment as the first PPS admin."""
    return world.call(
        "POST",
        f"/adjustments?studio_id={studio_id}",
        body,
        role="pps_admin",
        headers={"Idempotency-Key": key or uuid.uuid4().hex},
    )


def decide(
    world: DeployedStack, adjustment: dict[str, Any], decision: str, token: str | None = None
) -> httpx.Response:
    """Decide as a PPS admin, the first one unless a token is given."""
    path = f"/adjustments/{adjustment['adjustment_id']}/{decision}"
    query = f"?studio_id={adjustment['studio_id']}"
    return world.call("POST", path + query, role="pps_admin", token=token)


def test_two_admins_adjust_and_the_studio_is_paid_the_adjusted_amount(
    world: DeployedStack, studio_id: str, second_admin: str
) -> None:
    body = {"amount": -1250, "reason": "Prints that were billed twice", "reference": "T-17"}
    proposed = propose(world, studio_id, body, "k")
    assert proposed.status_code == 201, proposed.text
    assert propose(world, studio_id, body, "k").json() == proposed.json()
    adjustment = proposed.json()

    own = decide(world, adjustment, "approve")
    assert (own.status_code, own.json()["code"]) == (403, "adjustment_own")
    approved = decide(world, adjustment, "approve", second_admin)
    assert approved.status_code == 200, approved.text
    assert decide(world, adjustment, "approve", second_admin).json() == approved.json()
    late = decide(world, adjustment, "reject")
    assert (late.status_code, late.json()["code"]) == (409, "adjustment_decided")

    shown = world.call("GET", f"/payouts/next?studio_id={studio_id}", role="pps_admin").json()
    assert shown["total_amount"] == NET - 1250
    assert shown["sums"]["adjustment"]["payable_amount"] == -1250
    pay_out(world, studio_id)
    (made,) = world.call("GET", f"/payouts?studio_id={studio_id}", role="pps_admin").json()["items"]
    payout = f"/payouts/{made['payout_id']}?studio_id={studio_id}"
    assert made["paid_amount"] == NET - 1250
    for form in ("csv", "html"):
        statement = world.call("GET", f"{payout}&format={form}", role="pps_admin").text
        assert "Prints that were billed twice" in statement
        assert adjustment["adjustment_id"] in statement


def test_a_studios_people_read_approved_adjustments_and_not_who_made_them(
    world: DeployedStack, second_admin: str
) -> None:
    kept, waiting = (
        propose(world, PLATFORM_STUDIO, {"amount": amount, "reason": "R"}).json()
        for amount in (300, 400)
    )
    assert decide(world, kept, "approve", second_admin).status_code == 200
    for role in ("owner", "bookkeeper"):
        path = f"/adjustments/{kept['adjustment_id']}"
        read = world.call("GET", path, role=role)
        assert read.status_code == 200, read.text
        assert (read.json()["proposed_by"], read.json()["decided_by"]) == ("PPS", "PPS")
        assert {step["by"] for step in read.json()["history"]} == {"PPS"}
        listed = world.call("GET", "/adjustments?limit=100", role=role).json()["items"]
        assert kept["adjustment_id"] in {each["adjustment_id"] for each in listed}
        assert {each["status"] for each in listed} == {"approved"}
        hidden = world.call("GET", f"/adjustments/{waiting['adjustment_id']}", role=role)
        nowhere = world.call("GET", "/adjustments/adj_nowhere", role=role)
        assert (hidden.status_code, said(hidden)) == (404, said(nowhere))
    for hidden_path in (path, "/adjustments"):
        assert world.call("GET", hidden_path, role="staff").status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": 0, "reason": "R"}, "amount"),
        ({"amount": 10**8, "reason": "R"}, "amount"),
        ({"amount": 1.5, "reason": "R"}, "amount"),
        ({"amount": 1}, "reason"),
        ({"amount": 1, "reason": "  "}, "reason"),
        ({"amount": 1, "reason": "a\nb"}, "reason"),
        ({"amount": 1, "reason": "R", "by": "ana"}, "by"),
    ],
    ids=str,
)
def test_a_bad_proposal_names_the_field(
    world: DeployedStack, body: dict[str, object], field: str
) -> None:
    answer = propose(world, PLATFORM_STUDIO, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert field in {each["field"] for each in answer.json()["errors"]}


def test_a_studio_that_does_not_exist_is_not_adjusted(world: DeployedStack) -> None:
    answer = propose(world, "st_nowhere", {"amount": 1, "reason": "R"})
    assert (answer.status_code, answer.json()["code"]) == (404, "studio_not_found")


def test_no_request_passes_for_an_operators_call(world: DeployedStack) -> None:
    event = {"operation": "list", "studio_id": PLATFORM_STUDIO}
    answer = propose(world, PLATFORM_STUDIO, {"amount": 1, "reason": "R"} | event)
    assert answer.status_code == 422


def operated(*arguments: str) -> Any:  # noqa: ANN401  # JSON
    """Run an operation about adjustments, and return what it printed as JSON."""
    result = operate("adjustments", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_two_operators_adjust_with_the_command(
    world: DeployedStack, studio_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_local_stack(world.stack, tmp_path, monkeypatch)
    studio = ("--studio", studio_id)
    proposal = (*studio, "--amount", "-250", "--reason", "A test", "--key", "k", "--by", "op_1")
    proposed = operated("propose", *proposal)
    assert operated("propose", *proposal) == proposed
    assert proposed["history"][0]["source"] == "operator"
    waiting = {each["adjustment_id"] for each in operated("list")}
    assert proposed["adjustment_id"] in waiting

    approve = ("adjustments", "approve", proposed["adjustment_id"], *studio)
    assert "Ask another PPS admin" in failure_of(operate(*approve, "--by", "OP_1"))
    assert "by: " in failure_of(operate(*approve, "--by", "Ann Example"))
    table = operate(*approve, "--by", "op_2")
    assert table.exit_code == 0, table.output
    assert "approved" in table.stdout
    reject = ("adjustments", "reject", proposed["adjustment_id"], *studio, "--by", "op_1")
    assert "already approved" in failure_of(operate(*reject))

    (listed,) = operated("list", *studio)
    assert (listed["decided_by"], listed["entry_seq"]) == ("op_2", 2)
    entry = world.entries(studio_id)[-1]
    assert (entry["source"], entry["processed_by"], entry["approved_by"]) == (
        "operator",
        "op_1",
        "op_2",
    )
    nothing = failure_of(
        operate(
            *("adjustments", "propose", *studio, "--amount", "0"),
            *("--reason", "A test", "--by", "op_1"),
        )
    )
    assert "adjustment.amount: " in nothing
