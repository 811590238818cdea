"""Upper bounds of what one refund consumes. The benchmark reports the figures."""

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
    meter_refunds,
)

pytestmark = pytest.mark.stack

KB = 1024


@pytest.fixture(scope="session")
def costs(stack: Stack) -> dict[str, RefundCost]:
    return {cost.name: cost for cost in meter_refunds(stack)}


def test_a_platform_refund_stays_within_its_units(costs: dict[str, RefundCost]) -> None:
    # 16 for the books; 9 for the lists: twice a move in StatusIndex (2), in and out of
    # AttentionIndex (1 each), the entry's copies in SettledIndex and KindIndex (1 each), and the
    # ledger's head in PlatformIndex (1), because this studio owes PPS afterwards.
    assert costs[PLATFORM].whole.write_units <= 16 + 9
    # One of them is the studio's: whether it wants refunds refused that its payout cannot bear.
    assert costs[PLATFORM].whole.read_units <= 5


def test_a_direct_refund_adds_only_its_fee_refund(costs: dict[str, RefundCost]) -> None:
    platform, direct = costs[PLATFORM].whole, costs[DIRECT].whole
    assert direct.write_units <= platform.write_units + 6
    # The fee refund's state, and at both calls to Stripe whether PPS may act for the account.
    assert direct.read_units <= platform.read_units + 2


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
