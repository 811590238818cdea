"""What one refund consumes, to the unit. The benchmark reports the figures."""

import pytest

from infra.local.stack import Stack
from tests.bench.one_refund import (
    ADJUST,
    CONFIRM,
    DIRECT,
    FEE_REFUND,
    OTHER_EVENTS,
    PLATFORM,
    REQUEST,
    RefundCost,
    meter_refund_into_debt,
    meter_refunds,
)

pytestmark = pytest.mark.stack

KB = 1024


@pytest.fixture(scope="session")
def costs(stack: Stack) -> dict[str, RefundCost]:
    return {cost.name: cost for cost in meter_refunds(stack)}


# The tables: the reservation and the intent (2 each, in a transaction), Stripe's answer, the
# confirmation, and the settlement's entry, head, state and refund (2 each).
_BOOKS_UNITS = 2 * 2 + 1 + 1 + 4 * 2
# The lists: the refund enters and leaves AttentionIndex, its entry has copies in SettledIndex and
# KindIndex, and the refunded order enters StatusIndex.
_LISTS_UNITS = 2 + 2 + 1
# Consistent are the order when it is refunded, the refund when Stripe confirms it, and the ledger's
# head. The studio and the order that is settled are read at half the cost.
_READ_UNITS = 1 + 0.5 + 1 + 0.5 + 1


def test_a_platform_refund_costs_its_books_and_its_lists(costs: dict[str, RefundCost]) -> None:
    assert costs[PLATFORM].whole.write_units == _BOOKS_UNITS + _LISTS_UNITS
    assert costs[PLATFORM].whole.read_units == _READ_UNITS


def test_a_direct_refund_adds_only_its_fee_refund(costs: dict[str, RefundCost]) -> None:
    platform, direct = costs[PLATFORM].whole, costs[DIRECT].whole
    # The fee's target in the settlement's transaction (2), its attempt, its end, and into
    # OpenIndex and out again.
    assert direct.write_units == platform.write_units + 2 + 1 + 1 + 2
    # The fee refund's state, and whether the account was marked as one that left.
    assert direct.read_units == platform.read_units + 1 + 0.5


def test_a_refund_that_makes_the_studio_owe_pps_enters_that_list_too(
    stack: Stack, costs: dict[str, RefundCost]
) -> None:
    into_debt = meter_refund_into_debt(stack)
    assert into_debt.whole.write_units == costs[PLATFORM].whole.write_units + 1


@pytest.mark.parametrize("kind", [PLATFORM, DIRECT])
def test_stripe_is_called_as_rarely_as_possible(costs: dict[str, RefundCost], kind: str) -> None:
    steps = costs[kind].steps
    assert steps[REQUEST].stripe == ["POST /v1/refunds"]
    assert len(steps[CONFIRM].stripe) <= 1
    assert len(steps[OTHER_EVENTS].stripe) <= costs[kind].other_events
    assert steps[ADJUST].stripe == []
    assert len(steps[FEE_REFUND].stripe) == (2 if kind == DIRECT else 0)


@pytest.mark.parametrize("kind", [PLATFORM, DIRECT])
def test_a_repeated_event_writes_nothing(costs: dict[str, RefundCost], kind: str) -> None:
    assert costs[kind].steps[OTHER_EVENTS].write_units == 0


@pytest.mark.parametrize("kind", [PLATFORM, DIRECT])
def test_every_item_written_fits_a_write_unit(costs: dict[str, RefundCost], kind: str) -> None:
    written = costs[kind].whole.items
    assert {name: size for name, size in written.items() if size >= KB} == {}


@pytest.mark.parametrize("kind", [PLATFORM, DIRECT])
def test_the_engine_counts_units_as_aws_documents_them(
    costs: dict[str, RefundCost], kind: str
) -> None:
    assert [call for call in costs[kind].whole.dynamodb if not call.as_documented] == []
