"""Lists and the panel consume the same among three orders and among a thousand.

The benchmark uses a hundred thousand orders.
"""

import pytest

from infra.local.stack import Stack
from infra.progress import LoggedProgress
from tests.bench.many_orders import (
    BY_ID,
    BY_STATUS,
    BY_WORD,
    BY_WORD_AND_STATUS,
    BY_WORDS,
    FEW,
    NEWEST,
    PANEL,
    ListCost,
    meter_lists,
)

pytestmark = pytest.mark.stack

# Of a page of 25 orders, each is two small items, read eventually consistent.
_ORDERS_UNITS = 25

# What may be read to find them: an index's page, or a round of search entries.
_LIST_UNITS = 8


@pytest.fixture(scope="session")
def costs(stack: Stack) -> list[ListCost]:
    return list(meter_lists(stack, (FEW, 3 * FEW), LoggedProgress()))


def test_reads_do_not_grow_with_the_number_of_orders(costs: list[ListCost]) -> None:
    few, more = (
        {name: (step.documented_read_units, step.operations) for name, step in cost.steps.items()}
        for cost in costs
    )
    assert few == more


@pytest.mark.parametrize("name", [NEWEST, BY_STATUS, BY_WORD, BY_WORDS, BY_WORD_AND_STATUS])
def test_a_page_consumes_little_more_than_its_orders(costs: list[ListCost], name: str) -> None:
    step = costs[0].steps[name]
    assert _ORDERS_UNITS < step.documented_read_units <= _ORDERS_UNITS + _LIST_UNITS
    assert step.operations == ["Query", "BatchGetItem"]


def test_finding_one_order_consumes_only_its_size(costs: list[ListCost]) -> None:
    assert costs[0].steps[BY_ID].documented_read_units <= 2


def test_the_panel_is_one_query(costs: list[ListCost]) -> None:
    (call,) = costs[0].steps[PANEL].dynamodb
    assert (call.operation, call.units) == ("Query", {"orders": 1})
    assert call.as_documented
