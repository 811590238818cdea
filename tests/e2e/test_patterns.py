"""Patterns among refunds over the API, as a studio's bookkeeper requests them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.attribution import By
from tests.e2e.counted_patterns import count_patterns
from tests.e2e.world import DIRECT_STUDIO, YEN_STUDIO, DeployedStack, until

pytestmark = pytest.mark.stack

PATH = "/reports/refunds/patterns"
SKU = "PATTERNS-MUG"
SPAN = [(datetime.now(UTC) + timedelta(days=days)).date().isoformat() for days in (-2, 1)]
DAYS = f"from={SPAN[0]}&to={SPAN[1]}"


def fields_of_order(subject_id: str, sku: str) -> dict[str, Any]:
    return {
        "placed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "subjects": [{"subject_id": subject_id, "name": "Bartholomew Testparent"}],
        "line_items": [
            {
                "line_id": "li_1",
                "product": "Patterned Mug",
                "sku": sku,
                "quantity": 4,
                "unit_amount": 2500,
                "discount_amount": 0,
                "tax_amount": 0,
                "subject_id": subject_id,
            }
        ],
    }


def patterns(world: DeployedStack, query: str, **who: Any) -> dict[str, Any]:  # noqa: ANN401  # what DeployedStack.call takes
    answer = world.call("GET", f"{PATH}?{query}", **who)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_subject_refunded_again_and_again_is_an_outlier(world: DeployedStack) -> None:
    # The direct studio: other tests refund orders of other years.
    fine = [
        world.order(DIRECT_STUDIO, **fields_of_order("sub_fine", "PATTERNS-OK")) for _ in range(30)
    ]
    world.import_orders(fine)
    units = {"type": "line_items", "items": [{"line_id": "li_1", "quantity": 2}]}
    for _ in range(3):
        bad = world.sell(DIRECT_STUDIO, **fields_of_order("sub_bad", SKU))
        world.await_status(world.refund(bad, units, DIRECT_STUDIO), "settled", DIRECT_STUDIO)

    found = patterns(world, f"by=subject&{DAYS}", studio_id=DIRECT_STUDIO, role="bookkeeper")
    assert [found["from"], found["to"], found["by"]] == [*SPAN, "subject"]
    assert found["currency"] == "eur"
    (bad_subject,) = [each for each in found["items"] if each["key"] == "sub_bad"]
    assert bad_subject == {
        "key": "sub_bad",
        "name": "Bartholomew Testparent",
        "refund_count": 3,
        "refunded_amount": 15000,
        "orders": 3,
        "refunded_orders": 3,
        "refund_rate": "1.0000",
    }
    assert found["standing_out"][0]["key"] == "sub_bad"
    assert found["standing_out"][0]["statement"].startswith(
        "3 of 3 orders with Bartholomew Testparent were refunded; elsewhere "
    )
    for by in ("subject", "product", "photo_day", "reason", "processed_by"):
        view = patterns(world, f"by={by}&{DAYS}", studio_id=DIRECT_STUDIO)
        assert view["refund_count"] >= 3
        assert sum(each["refunded_amount"] for each in view["items"]) == found["refunded_amount"]
    # No caller gets another studio's figures, whatever the query names.
    assert "sub_bad" not in str(patterns(world, f"by=subject&{DAYS}", studio_id=YEN_STUDIO))
    answer = world.call("GET", f"{PATH}?studio_id={DIRECT_STUDIO}", studio_id=YEN_STUDIO)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    # Names are not logged.
    assert "Bartholomew" not in str(world.log_lines("refund_report"))


def test_what_the_worker_counts_is_the_answer_of_the_request(world: DeployedStack) -> None:
    # Days of which no other test has orders.
    for number in range(2):
        placed = {"placed_at": f"2011-03-0{number + 1}T17:00:00+00:00"}
        order = fields_of_order("sub_long_ago", "PATTERNS-OLD") | placed
        world.import_orders([world.order(DIRECT_STUDIO, **order)])
    days = ("2011-03-01", "2011-03-31")
    export_id = count_patterns(world, DIRECT_STUDIO, By.PRODUCT, *days)
    path = f"{PATH}/{export_id}"

    def counted() -> dict[str, Any] | None:
        answer = world.call("GET", path, studio_id=DIRECT_STUDIO, role="bookkeeper")
        if answer.status_code == 404:
            assert answer.json()["code"] == "export_not_found"
            return None
        assert answer.headers["Content-Type"] == "application/json"
        return dict(answer.json())

    found = until(counted, "the patterns to be counted")
    at_once = patterns(world, f"by=product&from={days[0]}&to={days[1]}", studio_id=DIRECT_STUDIO)
    assert (found["orders"], found) == (2, at_once)
    # Nobody else learns that there is such a count.
    other = world.call("GET", path, studio_id=YEN_STUDIO)
    assert (other.status_code, other.json()["code"]) == (404, "export_not_found")
    malformed = world.call("GET", f"{PATH}/..%2F{export_id}", studio_id=DIRECT_STUDIO)
    assert malformed.status_code in {403, 404, 422}
    refused = world.call("GET", path, studio_id=DIRECT_STUDIO, role="print_operator")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("by=parent", 422, "invalid_input"),
        ("by=subject&from=yesterday", 422, "invalid_input"),
        ("by=subject&from=2026-10-02&to=2026-10-01", 422, "date_range_invalid"),
        ("by=subject&from=2026-02-30", 422, "date_range_invalid"),
        ("by=subject&to=9999-12-31", 422, "date_range_invalid"),
    ],
)
def test_an_invalid_query_is_refused(
    world: DeployedStack, query: str, status: int, code: str
) -> None:
    answer = world.call("GET", f"{PATH}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_other_roles_are_refused(world: DeployedStack) -> None:
    answer = world.call("GET", f"{PATH}?by=reason", role="print_operator")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert world.call("GET", f"{PATH}?by=reason", token="").status_code == 401
