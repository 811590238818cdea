"""Patterns of many orders: what a request reads of them, and the memory that a count takes."""

import json
import tracemalloc
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from functions.refund_report.answer_patterns import TooManyToCountError, up_to
from shared.domain.attribution import By
from shared.domain.local_days import local_days
from shared.domain.patterns import Patterns
from shared.gateways.records.keys import DATE_INDEX
from tests.unit.traced_memory import traced_memory

from .studios import LAKESIDE
from .test_large_report import entry_item, find_patterns_in, order_item

# About as many orders as fill DynamoDB's page of a megabyte.
ORDERS_A_PAGE = 800
SUBJECTS = 40
REFUNDS = 200

NOW = datetime(2027, 1, 1, tzinfo=UTC)
YEAR = local_days("2026-01-01", "2026-12-31", ZoneInfo("UTC"), NOW, 90)


@dataclass
class ManyOrders:
    """DynamoDB's answers about a studio with many orders of some subjects, the first refunded."""

    orders: int
    subjects: int = SUBJECTS
    orders_read: int = 0
    stored: str = field(default_factory=lambda: json.dumps(order_item("ord_0")))

    def query(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # a Query's parts
        if asked["IndexName"] != DATE_INDEX:
            return {"Items": [entry_item(number) for number in range(1, REFUNDS + 1)]}
        first = int(asked.get("ExclusiveStartKey", {"n": "0"})["n"])
        last = min(first + ORDERS_A_PAGE, self.orders)
        self.orders_read += last - first
        answer: dict[str, Any] = {"Items": [self._order(n) for n in range(first + 1, last + 1)]}
        if last < self.orders:
            answer["LastEvaluatedKey"] = {"n": str(last)}
        return answer

    def _order(self, number: int) -> dict[str, Any]:
        """Return a stored order, which shares no object with another."""
        order: dict[str, Any] = json.loads(
            self.stored.replace("sub_1", f"sub_{number % self.subjects}")
        )
        return order | {"order_id": {"S": f"ord_{number}"}}


def count(tables: ManyOrders, by: By, most: int = 1_000_000) -> Patterns:
    return find_patterns_in(tables)(LAKESIDE, by, YEAR, up_to(most))


@pytest.mark.parametrize("by", [By.PRODUCT, By.REASON])
def test_a_request_stops_within_a_page_of_what_it_may_read(by: By) -> None:
    most = 2_000
    for orders in (2 * most, 20 * most):
        tables = ManyOrders(orders)
        with pytest.raises(TooManyToCountError):
            count(tables, by, most)
        assert most - REFUNDS <= tables.orders_read < most + ORDERS_A_PAGE


@pytest.mark.slow
@pytest.mark.parametrize("by", [By.SUBJECT, By.REASON])
def test_four_times_the_orders_take_no_more_memory(by: By) -> None:
    count(ManyOrders(1_000), by)  # what is made once and kept
    peaks = []
    with traced_memory():
        for orders in (1_000, 4_000):
            tracemalloc.reset_peak()
            found = count(ManyOrders(orders), by)
            peaks.append(tracemalloc.get_traced_memory()[1])
            assert (found.count.orders, found.count.refunded_orders) == (orders, REFUNDS)
            assert sum(each.refunded_amount for each in found.patterns) == REFUNDS * 101
    # The additional orders would take megabytes.
    assert peaks[1] - peaks[0] < 200_000
