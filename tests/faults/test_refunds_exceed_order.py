"""Stripe refunds more of an order than its total: it is booked, and somebody is told."""

from typing import Any

import pytest

from tests.faults import scenes
from tests.faults.final_state import read_final_state
from tests.faults.world.new_world import new_world
from tests.faults.world.world import FaultWorld

CAPTURED = 12_500


def captured_more(world: FaultWorld, *, direct: bool) -> None:
    """The shop captures more of the charge after the order of $100.00 was entered."""
    scenes.sold(world, direct=direct)
    charge = world.stripe.standin.store.charges["ch_1"]
    charge.amount = charge.amount_captured = CAPTURED


def found(world: FaultWorld) -> list[dict[str, Any]]:
    world.clock.wait(24 * 3600)
    findings: list[dict[str, Any]] = world.reconcile()
    return [each for each in findings if each["kind"] == "refunds_exceed_order"]


@pytest.mark.parametrize("direct", [False, True])
def test_a_refund_of_more_than_the_order_is_booked_and_found_once(*, direct: bool) -> None:
    with new_world() as world:
        captured_more(world, direct=direct)
        made = world.stripe.refund_in_dashboard("ord_1", CAPTURED)
        world.run_until_idle()
        state = read_final_state(world)
        (refund,) = state.refunds.values()
        assert (refund.status, refund.amount) == ("settled", CAPTURED)
        entry = state.entries[-1]
        # The share goes back once, in full.
        assert (entry["gross_amount"], entry["rev_share_amount"]) == (-CAPTURED, 1500)

        (finding,) = found(world)
        assert (finding["amount"], finding["stripe_amount"]) == (10_000, CAPTURED)
        assert (finding["order_id"], finding["stripe_id"]) == ("ord_1", made)
        assert not finding["healed"]
        assert found(world) == []


def test_refunds_that_exceed_the_order_together_are_found() -> None:
    with new_world() as world:
        captured_more(world, direct=False)
        world.client.request_refund("ord_1", "key-1", expected_refundable_amount=10_000)
        made = world.stripe.refund_in_dashboard("ord_1", 1)
        world.stripe.new_events()  # they are lost
        world.run_until_idle()
        (finding,) = found(world)
        assert (finding["amount"], finding["stripe_amount"]) == (10_000, 10_001)
        assert finding["stripe_id"] == made


def test_a_refund_of_all_of_an_order_is_no_finding() -> None:
    with new_world() as world:
        scenes.sold(world)
        world.stripe.refund_in_dashboard("ord_1", 10_000)
        world.run_until_idle()
        assert found(world) == []
