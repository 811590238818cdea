"""The print station over the API, as operators and studio staff use it."""

from collections import Counter

import httpx
import pytest

from tests.at_once import at_once
from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack, Json, said, until

pytestmark = pytest.mark.stack

QUEUED: Json = {"status": "queued", "claimed_by": None}
AT_ONCE = 16


def step(
    world: DeployedStack,
    order_id: str,
    name: str,
    body: object = None,
    role: str = "print_operator",
) -> httpx.Response:
    """Take a step at the station."""
    return world.call("POST", f"/print-station/orders/{order_id}/{name}", body, role=role)


def cancel(world: DeployedStack, order_id: str, role: str = "staff") -> httpx.Response:
    """Cancel fulfillment as studio staff."""
    return world.call("POST", f"/orders/{order_id}/fulfillment/cancel", role=role)


def queue(
    world: DeployedStack, query: str = "limit=100", role: str = "print_operator"
) -> list[Json]:
    """Return the whole queue, page by page."""
    jobs: list[Json] = []
    cursor = ""
    while True:
        answer = world.call("GET", f"/print-station/queue?{query}{cursor}", role=role)
        assert answer.status_code == 200, answer.text
        jobs += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return jobs
        cursor = f"&cursor={answer.json()['next_cursor']}"


def job(world: DeployedStack, order_id: str) -> Json | None:
    """Return the order's job in the queue, or None."""
    return next((each for each in queue(world) if each["order_id"] == order_id), None)


def code(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


def test_a_print_is_claimed_printed_and_shipped_and_then_not_canceled(
    world: DeployedStack,
) -> None:
    order_id = world.sell(fulfillment=QUEUED)
    assert code(step(world, order_id, "ship")) == (409, "print_not_claimed")
    done: list[str] = []
    for name, status in (("claim", "claimed"), ("print", "printed"), ("ship", "shipped")):
        waiting = job(world, order_id)
        assert waiting is not None
        assert waiting["status"] == (done[-1] if done else "queued")
        first, again = step(world, order_id, name), step(world, order_id, name, {})
        assert first.status_code == 200, first.text
        assert (again.status_code, again.json()) == (200, first.json())
        done.append(status)
        fulfillment = first.json()["fulfillment"]
        assert first.json()["order_id"] == order_id
        assert fulfillment["status"] == status
        assert fulfillment["canceled_by"] is None
        assert [each["status"] for each in fulfillment["history"]] == done
        assert {each["by"] for each in fulfillment["history"]} == {fulfillment["claimed_by"]}
    assert job(world, order_id) is None
    refused = cancel(world, order_id)
    assert code(refused) == (409, "print_shipped")
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_canceled_print_leaves_the_queue_for_good(world: DeployedStack) -> None:
    order_id = world.sell(fulfillment={"status": "claimed", "claimed_by": "station-1"})
    canceled, again = cancel(world, order_id), cancel(world, order_id, "owner")
    assert canceled.json()["fulfillment"]["status"] == "canceled"
    assert (again.status_code, again.json()) == (200, canceled.json())
    assert job(world, order_id) is None
    for name in ("claim", "print", "ship"):
        assert code(step(world, order_id, name)) == (409, "print_canceled")


def test_a_claimed_print_cannot_be_claimed_by_another_operator(world: DeployedStack) -> None:
    order_id = world.sell(fulfillment=QUEUED)
    assert step(world, order_id, "claim").status_code == 200
    assert code(step(world, order_id, "claim", role="owner")) == (409, "print_claimed")
    assert step(world, order_id, "print", role="owner").status_code == 200


def test_the_queue_omits_refunded_units_money_and_parents(
    world: DeployedStack,
) -> None:
    order_id = world.sell(fulfillment=QUEUED)
    items = [{"line_id": "li_1", "quantity": 3}]
    world.refund(order_id, {"type": "line_items", "items": items})
    shown = job(world, order_id)
    assert shown is not None
    assert [line["quantity"] for line in shown["lines"]] == [1]
    assert shown["subjects"] == [{"subject_id": "sub_1", "name": "Bartholomew Testparent"}]
    answer = world.call("GET", "/print-station/queue?limit=100", role="print_operator").text
    for hidden in ("Wilhelmina", "@", "amount", "currency", "ch_"):
        assert hidden not in answer
    world.refund(order_id, {"type": "full"})
    assert job(world, order_id) is None


def test_a_kept_print_is_in_the_queue_and_marked(world: DeployedStack) -> None:
    order_id = world.sell(fulfillment=QUEUED)
    world.refund(order_id, {"type": "full", "fulfillment": "keep"})
    shown = job(world, order_id)
    assert shown is not None
    assert shown["refund_status"] in {"pending", "refunded"}


def test_the_queue_page_by_page_and_by_status(world: DeployedStack) -> None:
    queued = world.sell(fulfillment=QUEUED)
    claimed = world.sell(fulfillment={"status": "claimed", "claimed_by": "station-1"})

    def read_both_ways() -> list[str] | None:
        """Return the queue once no other test has changed it between two readings."""
        one_by_one = [each["order_id"] for each in queue(world, "limit=1")]
        return one_by_one if one_by_one == [each["order_id"] for each in queue(world)] else None

    ids = until(read_both_ways, "the queue reads the same page by page")
    assert {queued, claimed} <= set(ids)
    assert len(set(ids)) == len(ids)
    of_status = {each["order_id"]: each["status"] for each in queue(world, "limit=2&status=queued")}
    assert queued in of_status
    assert set(of_status.values()) == {"queued"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=0", (422, "invalid_input")),
        ("limit=101", (422, "invalid_input")),
        ("status=shipped", (422, "invalid_input")),
        ("cursor=bm90aGluZw", (400, "cursor_invalid")),
        ("cursor=", (400, "cursor_invalid")),
        (f"cursor={'a' * 1025}", (422, "invalid_input")),
        (f"studio_id={DIRECT_STUDIO}", (403, "forbidden")),
    ],
)
def test_a_bad_query_is_refused(
    world: DeployedStack, query: str, expected: tuple[int, str]
) -> None:
    answer = world.call("GET", f"/print-station/queue?{query}", role="print_operator")
    assert code(answer) == expected


@pytest.mark.parametrize("body", [{"status": "shipped"}, [], "5", '"x"'])
def test_a_step_takes_no_fields(world: DeployedStack, body: object) -> None:
    order_id = world.sell(fulfillment=QUEUED)
    assert code(step(world, order_id, "claim", body)) == (422, "invalid_input")
    shown = job(world, order_id)
    assert shown is not None
    assert shown["status"] == "queued"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/orders/{}/fulfillment/cancel", {"owner", "staff"}),
        ("/print-station/orders/{}/claim", {"owner", "print_operator"}),
        ("/print-station/orders/{}/print", {"owner", "print_operator"}),
        ("/print-station/orders/{}/ship", {"owner", "print_operator"}),
    ],
)
def test_a_role_without_the_permission_is_refused(
    world: DeployedStack, path: str, allowed: set[str]
) -> None:
    order_id = world.sell(fulfillment=QUEUED)
    for role in {"owner", "staff", "print_operator", "bookkeeper"} - allowed:
        answer = world.call("POST", path.format(order_id), role=role)
        assert code(answer) == (403, "forbidden")
    admin = f"{path.format(order_id)}?studio_id={PLATFORM_STUDIO}"
    assert code(world.call("POST", admin, role="pps_admin")) == (403, "forbidden")
    shown = job(world, order_id)
    assert shown is not None
    assert shown["status"] == "queued"


def test_the_queue_is_only_for_staff_operators_and_pps_admins(
    world: DeployedStack,
) -> None:
    mine = world.sell(fulfillment=QUEUED)
    theirs = world.sell(DIRECT_STUDIO, fulfillment=QUEUED)
    for role in ("owner", "staff", "print_operator"):
        ids = {each["order_id"] for each in queue(world, role=role)}
        assert mine in ids
        assert theirs not in ids
    seen = queue(world, f"limit=100&studio_id={DIRECT_STUDIO}", role="pps_admin")
    assert theirs in {each["order_id"] for each in seen}
    refused = world.call("GET", "/print-station/queue", role="bookkeeper")
    assert code(refused) == (403, "forbidden")


def test_another_studios_order_is_not_found(world: DeployedStack) -> None:
    theirs = world.sell(DIRECT_STUDIO, fulfillment=QUEUED)
    answers = [
        [cancel(world, order_id), *(step(world, order_id, s) for s in ("claim", "print", "ship"))]
        for order_id in (theirs, "ord_nowhere")
    ]
    for of_theirs, of_none in zip(*answers, strict=True):
        assert code(of_theirs) == (404, "order_not_found")
        assert said(of_theirs) == said(of_none)
    seen = queue(world, f"limit=100&studio_id={DIRECT_STUDIO}", role="pps_admin")
    assert {"queued"} == {each["status"] for each in seen if each["order_id"] == theirs}


@pytest.mark.parametrize(
    ("start", "name", "end", "lost"),
    [
        ("queued", "claim", "claimed", {"print_canceled"}),
        ("printed", "ship", "shipped", {"print_canceled"}),
    ],
)
def test_16_concurrent_requests_against_a_cancel_have_one_winner(
    world: DeployedStack, start: str, name: str, end: str, lost: set[str]
) -> None:
    claimed_by = None if start == "queued" else "station-1"
    order_id = world.sell(fulfillment={"status": start, "claimed_by": claimed_by})

    def one(number: int) -> httpx.Response:
        return cancel(world, order_id) if number % 2 else step(world, order_id, name)

    answers = at_once(AT_ONCE, one)
    steps, cancels = answers[::2], answers[1::2]
    final = cancel(world, order_id)
    if code(final) == (409, "print_shipped"):
        assert {code(answer) for answer in cancels} == {(409, "print_shipped")}
        assert {answer.status_code for answer in steps} == {200}
    else:
        assert {answer.status_code for answer in cancels} == {200}
        history = [each["status"] for each in final.json()["fulfillment"]["history"]]
        assert history in (["canceled"], [end, "canceled"])
        assert end != "shipped" or history == ["canceled"]
        outcomes = Counter(code(answer) for answer in steps)
        assert {key for status, key in outcomes if status == 409} <= lost
        assert (end in history) == (outcomes[200, None] > 0)
    assert job(world, order_id) is None


def test_no_name_is_in_the_logs(world: DeployedStack) -> None:
    order_id = world.sell(fulfillment=QUEUED)
    step(world, order_id, "claim")
    queue(world)
    lines = world.stack.log_lines("print_station")
    assert any(order_id in line for line in lines)
    for name in ("Wilhelmina", "Bartholomew", "@"):
        assert not [line for line in lines if name in line]
