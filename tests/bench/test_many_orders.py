"""Lists and the panel consume the same among some hundred orders and among twice as many.

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


# The benchmark's own are more. A fifth of a quarter of them must fill a page.
_COUNTS = (600, 1_200)


def test_lists_and_the_panel_cost_what_they_show_among_any_number_of_orders(stack: Stack) -> None:
    few, more = meter_lists(stack, _COUNTS, LoggedProgress())
    assert _read_by(few) == _read_by(more)
    for name in (NEWEST, BY_STATUS, BY_WORD, BY_WORDS, BY_WORD_AND_STATUS):
        step = few.steps[name]
        assert _ORDERS_UNITS < step.documented_read_units <= _ORDERS_UNITS + _LIST_UNITS, name
        assert step.operations == ["Query", "BatchGetItem"], name
    assert few.steps[BY_ID].documented_read_units <= 2
    (call,) = few.steps[PANEL].dynamodb
    assert (call.operation, call.units) == ("Query", {"orders": 1})
    assert call.as_documented


def _read_by(cost: ListCost) -> dict[str, tuple[float, list[str]]]:
    return {
        name: (step.documented_read_units, step.operations) for name, step in cost.steps.items()
    }
