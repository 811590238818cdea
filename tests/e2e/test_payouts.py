"""Payouts on the deployed template: the scheduled function, the routes, the statement."""

import csv
import io
from typing import Any

import httpx
import pytest

from tests.e2e.payday import ACCOUNT, pay_out, studio_with_a_sale
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack, said

pytestmark = pytest.mark.stack

NET = 8180


def get(world: DeployedStack, studio_id: str, path: str, **query: str) -> httpx.Response:
    """Send a GET request as a PPS admin, who may name any studio."""
    asked = "&".join(f"{name}={value}" for name, value in {"studio_id": studio_id, **query}.items())
    return world.call("GET", f"{path}?{asked}", role="pps_admin")


def read(world: DeployedStack, studio_id: str, path: str, **query: str) -> dict[str, Any]:
    answer = get(world, studio_id, path, **query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture(scope="module")
def studio_id(world: DeployedStack) -> str:
    return studio_with_a_sale(world)


@pytest.fixture(scope="module")
def payout(world: DeployedStack, studio_id: str) -> dict[str, Any]:
    """Wait for the studio's payout, and return it."""
    before = read(world, studio_id, "/payouts/next")
    assert (before["payout_id"], before["status"]) == (None, "open")
    assert before["total_amount"] == before["paid_amount"] == before["sums"]["total"]["net_amount"]
    assert [line["kind"] for line in before["lines"]] == ["sale"]
    pay_out(world, studio_id)
    world.invoke("run_payouts", None)
    (made,) = read(world, studio_id, "/payouts")["items"]
    return dict(made)


def test_the_run_pays_what_next_announced_once(
    world: DeployedStack, studio_id: str, payout: dict[str, Any]
) -> None:
    assert payout["status"] == "paid"
    assert (payout["total_amount"], payout["paid_amount"]) == (NET, NET)
    transfers = world.stripe("GET", "transfers", transfer_group=payout["payout_id"])["data"]
    assert [(each["id"], each["amount"]) for each in transfers] == [(payout["transfer_id"], NET)]
    assert transfers[0]["destination"] == ACCOUNT
    after = read(world, studio_id, "/payouts/next")
    assert (after["total_amount"], after["lines"]) == (0, [])


def test_a_payout_is_read_as_json_csv_and_a_page(
    world: DeployedStack, studio_id: str, payout: dict[str, Any]
) -> None:
    path = f"/payouts/{payout['payout_id']}"
    shown = read(world, studio_id, path)
    (line,) = shown["lines"]
    assert {name: shown[name] for name in payout} == payout
    assert line["net_amount"] == line["payable_amount"] == shown["sums"]["sale"]["net_amount"]

    file = get(world, studio_id, path, format="csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [(row["kind"], row["total_amount"] or row["payable_amount"]) for row in rows] == [
        ("paid", "81.80"),
        ("carried_forward", "0.00"),
        ("total", "81.80"),
        ("sale", "81.80"),
    ]

    page = get(world, studio_id, path, format="html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "Payday &lt;Portraits&gt;" in page.text
    assert line["order_id"] in page.text


def test_another_studios_payout_is_not_found(world: DeployedStack, payout: dict[str, Any]) -> None:
    theirs = world.call("GET", f"/payouts/{payout['payout_id']}", studio_id=PLATFORM_STUDIO)
    nowhere = world.call("GET", "/payouts/po_nowhere", studio_id=PLATFORM_STUDIO)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "payout_not_found")
    assert said(theirs) == said(nowhere)


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/payouts/next", "limit=0", 422, "invalid_input"),
        ("/payouts/next", "limit=1001", 422, "invalid_input"),
        ("/payouts/next", "limit=ten", 422, "invalid_input"),
        ("/payouts/next", "cursor=nonsense", 400, "cursor_invalid"),
        ("/payouts", "cursor=bm9uc2Vuc2U", 400, "cursor_invalid"),
        ("/payouts/po_nowhere", "format=xml", 422, "invalid_input"),
        ("/payouts/po_nowhere", "format=csv", 404, "payout_not_found"),
        (f"/payouts/po_{'x' * 200}", "", 422, "invalid_input"),
    ],
)
def test_bad_input_gets_a_clear_problem(
    world: DeployedStack, path: str, query: str, status: int, code: str
) -> None:
    answer = world.call("GET", f"{path}?{query}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("role", ["staff", "print_operator"])
def test_other_roles_may_not_read_payouts(world: DeployedStack, role: str) -> None:
    for path in ("/payouts/next", "/payouts", "/payouts/po_nowhere"):
        assert world.call("GET", path, role=role).status_code == 403


def test_a_studio_without_an_account_gets_no_payout_and_is_told_why(world: DeployedStack) -> None:
    studio_id = studio_with_a_sale(world, payout_account_id=None)
    assert pay_out(world, studio_id) == "PayoutWithoutAccount"
    assert read(world, studio_id, "/payouts")["items"] == []
    assert read(world, studio_id, "/payouts/next")["reason"] == "no_payout_account"


def test_an_account_that_cannot_be_paid_needs_attention_until_it_is_released(
    world: DeployedStack,
) -> None:
    studio_id = studio_with_a_sale(world, payout_account_id="closed_account")
    assert pay_out(world, studio_id) == "PayoutFailed"
    (failed,) = read(world, studio_id, "/payouts")["items"]
    (item,) = read(world, studio_id, "/attention")["items"]
    assert (item["kind"], item["payout_id"]) == ("payouts_on_hold", failed["payout_id"])
    assert pay_out(world, studio_id) == "PayoutOnHold"
    release = {"action": "release", "studio_id": studio_id, "because": "test: repaired"}
    assert world.invoke("run_payouts", release)["outcome"] == "PayoutsReleased"
    assert read(world, studio_id, "/attention")["items"] == []


def test_a_statement_says_from_when_to_when_and_its_lines_lie_inside(
    world: DeployedStack, studio_id: str, payout: dict[str, Any]
) -> None:
    path = f"/payouts/{payout['payout_id']}"
    shown = read(world, studio_id, path)
    assert shown["period_started_at"] < shown["period_ended_at"]
    for line in shown["lines"]:
        assert shown["period_started_at"] <= line["recorded_at"] < shown["period_ended_at"]
    file = get(world, studio_id, path, format="csv").content.decode("utf-8-sig")
    total = next(row for row in csv.DictReader(io.StringIO(file)) if row["kind"] == "total")
    assert total["period_started_at"] < total["period_ended_at"]
    page = get(world, studio_id, path, format="html").text
    assert "<dt>Recorded</dt>" in page
    assert "(America/Chicago)" in page
