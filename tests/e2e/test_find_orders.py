"""Searching orders and reading one, over the API."""

import uuid

import pytest

from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack, Json, said

pytestmark = pytest.mark.stack


def find(
    world: DeployedStack, *, studio_id: str = PLATFORM_STUDIO, role: str = "owner", **query: str
) -> Json:
    answer = world.http.get(
        f"{world.stack.api_url}/orders",
        params=query,
        headers={"Authorization": world.stack.tokens[studio_id][role]},
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(page: Json) -> list[str]:
    return [each["order_id"] for each in page["items"]]


@pytest.fixture(scope="module")
def surname() -> str:
    """A name with an accent that no other order of this run has."""
    return "Ångström" + "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex[:12])


def test_staff_find_an_order_by_its_names_and_read_it(world: DeployedStack, surname: str) -> None:
    order_id = world.sell(
        parent={"name": f"Zoë {surname}", "email": "zoe@mail.example"},
        subjects=[{"subject_id": "sub_1", "name": "Finn O'Brien"}],
    )
    typed = surname.upper().replace("Å", "A").replace("Ö", "o")
    for query in (typed, f"zoe {surname[:12]}", f"obrien {typed}", order_id):
        page = find(world, query=query)
        assert ids(page) == [order_id], query
        assert page["next_cursor"] is None
    assert ids(find(world, query=typed, studio_id=DIRECT_STUDIO)) == []
    assert ids(find(world, query=typed, status="refunded")) == []
    refund = world.refund(order_id, {"type": "partial", "amount": 2500})
    world.await_status(refund, "settled")
    (listed,) = find(world, query=typed, status="partially_refunded")["items"]
    assert (listed["refunded_amount"], listed["refundable_amount"]) == (2500, 7500)
    answer = world.call("GET", f"/orders/{order_id}", role="bookkeeper")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert {name: shown[name] for name in listed if name != "fulfillment"} == {
        name: value for name, value in listed.items() if name != "fulfillment"
    }
    assert shown["refunds"] == [world.read(refund)]
    assert shown["messages"] == []
    assert shown["line_items"][0]["refundable_amount"] == 7500
    assert shown["stripe"]["charge_id"] == order_id.replace("ord_", "ch_")


def test_cursors_lead_through_all_orders(world: DeployedStack, surname: str) -> None:
    name = f"Pages {surname}"
    sold = {world.sell(parent={"name": name, "email": None}) for _ in range(5)}
    seen: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = find(world, query=name, limit="2", **more)
        seen += ids(page)
        if page["next_cursor"] is None:
            break
        more = {"cursor": page["next_cursor"]}
    assert sorted(seen) == sorted(sold)
    newest = find(world, limit="1")
    assert len(newest["items"]) == 1
    assert newest["next_cursor"]


def test_a_pps_admin_reads_the_named_studio(world: DeployedStack) -> None:
    order_id = world.sell(DIRECT_STUDIO)
    for path in (f"/orders?query={order_id}&", f"/orders/{order_id}?"):
        theirs = world.call("GET", f"{path}studio_id={DIRECT_STUDIO}", role="pps_admin")
        assert theirs.status_code == 200, theirs.text
        assert order_id in theirs.text
        another_studios = world.call("GET", f"{path}studio_id={PLATFORM_STUDIO}", role="pps_admin")
        assert order_id not in another_studios.text
        assert world.call("GET", path, role="pps_admin").status_code == 403


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("query=" + 201 * "x", "query"),
        ("status=Refunded", "status"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("cursor=" + 1025 * "x", "cursor"),
    ],
)
def test_an_invalid_query_is_refused(world: DeployedStack, query: str, field: str) -> None:
    answer = world.call("GET", f"/orders?{query}")
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_input"
    assert field in answer.json()["errors"][0]["field"]


def test_a_cursor_of_another_list_or_studio_is_refused(world: DeployedStack) -> None:
    for _ in range(2):
        world.sell()
    cursor = find(world, limit="1")["next_cursor"]
    for path, studio_id in (
        (f"/orders?query=test&cursor={cursor}", PLATFORM_STUDIO),
        (f"/orders?cursor={cursor}", DIRECT_STUDIO),
        ("/orders?cursor=nonsense", PLATFORM_STUDIO),
        ("/orders?cursor=", PLATFORM_STUDIO),
    ):
        answer = world.call("GET", path, studio_id=studio_id)
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid"), path


def test_another_studios_order_is_not_found(world: DeployedStack) -> None:
    theirs = world.sell(DIRECT_STUDIO)
    answers = [world.call("GET", f"/orders/{order}") for order in (theirs, "ord_nobodys")]
    assert {answer.status_code for answer in answers} == {404}
    assert said(answers[0]) == said(answers[1])
    assert answers[0].json()["code"] == "order_not_found"


def test_roles_and_tokens_decide_who_may_read(world: DeployedStack) -> None:
    order_id = world.sell()
    for path in ("/orders", f"/orders/{order_id}"):
        assert world.call("GET", path, role="staff").status_code == 200
        assert world.call("GET", path, role="print_operator").json()["code"] == "forbidden"
        assert world.call("GET", f"{path}?studio_id={PLATFORM_STUDIO}").status_code == 403
        assert world.call("GET", path, token="").status_code == 401


def test_search_words_are_not_logged(world: DeployedStack, surname: str) -> None:
    find(world, query=surname)
    lines = world.stack.log_lines("find_orders")
    assert lines
    assert not [line for line in lines if surname in line]
