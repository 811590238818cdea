"""A lost first try, then an answer that proves nothing: what was asked for is done once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from infra.stripe_standin.faults import FaultName
from shared.domain.payout import PayoutStatus
from tests.faults import scenes
from tests.faults.final_state import FinalState, read_final_state
from tests.faults.money_oracle import MoneyOracle
from tests.faults.one_process.answer import Answer
from tests.faults.one_process.failed_calls import LostAnswerError
from tests.faults.one_process.outside_calls import OutsideCall, Perform
from tests.faults.world.new_world import new_world
from tests.faults.world.world import FaultWorld

REFUND = "POST /v1/refunds"
FEE_REFUND = "POST /v1/application_fees/{id}/refunds"
TRANSFER = "POST /v1/transfers"

LOST = ["lost before", "lost after"]
UNREADABLE: list[FaultName] = [
    "html_200_after_effect",
    "html_403_before_effect",
    "html_403_after_effect",
    "cut_json_200_before_effect",
    "cut_json_200_after_effect",
    "other_json_400_before_effect",
    "empty_402_after_effect",
    "oauth_error_400_after_effect",
]


@dataclass
class BadEdge:
    """Answers the first two calls of an operation badly: none comes, then an unreadable one.

    Attributes:
        calls: How often the operation was called.
    """

    world: FaultWorld
    operation: str
    lost: str
    unreadable: FaultName
    calls: int = 0

    def intercept(self, call: OutsideCall, perform: Perform, /) -> Answer:
        """Answer a call, with a fault if its turn has come."""
        if call.operation != self.operation:
            return perform()
        self.calls += 1
        if self.calls == 1:
            if self.lost == "lost after":
                perform()
            raise LostAnswerError
        if self.calls == 2:
            with self.world.stripe.with_fault(self.unreadable):
                return perform()
        return perform()


@contextmanager
def bad_edge(
    world: FaultWorld, operation: str, lost: str, unreadable: FaultName
) -> Iterator[BadEdge]:
    edge = BadEdge(world, operation, lost, unreadable)
    world.outside_calls.interceptor = edge
    yield edge


def checked(world: FaultWorld) -> FinalState:
    """Run until nothing is under way, and return the records once they hold all rules."""
    world.run_until_idle()
    world.reconcile_until_clean()
    state = read_final_state(world)
    assert MoneyOracle(state).violations() == []
    return state


@pytest.mark.parametrize("second", UNREADABLE)
@pytest.mark.parametrize("first", LOST)
@pytest.mark.parametrize("direct", [False, True], ids=["platform", "direct"])
def test_a_refund_stays_pending_and_pays_the_parent_once(
    first: str, second: FaultName, *, direct: bool
) -> None:
    with new_world() as world:
        scenes.sold(world, direct=direct)
        with bad_edge(world, REFUND, first, second) as edge:
            status, refund = world.client.request_refund("ord_1", "key-1")
        assert edge.calls == 2
        assert (status, refund["display_status"]) == (201, "Pending")
        world.stripe.new_events()  # the events are lost too

        state = checked(world)
        assert [each["amount"] for each in state.stripe_refunds] == [10_000]
        assert [each.status for each in state.refunds.values()] == ["settled"]


@pytest.mark.parametrize("second", UNREADABLE)
@pytest.mark.parametrize("first", LOST)
def test_a_fee_refund_is_made_once(first: str, second: FaultName) -> None:
    with new_world() as world:
        scenes.settled_without_fee_refund(world)
        with bad_edge(world, FEE_REFUND, first, second) as edge:
            world.queues.process_batch("fee_refund")
        assert edge.calls == 2
        (fee,) = read_final_state(world).fee_refunds.values()
        assert fee.in_flight_amount == 500  # 15 % of 33.33

        state = checked(world)
        assert list(state.stripe_fee_refunds.values()) == [500]


@pytest.mark.parametrize("second", UNREADABLE)
@pytest.mark.parametrize("first", LOST)
def test_a_transfer_is_made_once(first: str, second: FaultName) -> None:
    with new_world() as world:
        scenes.payout_due(world)
        with bad_edge(world, TRANSFER, first, second) as edge:
            done = world.pay_out()
        assert edge.calls == 2
        assert done == {"PayoutDeferred": 1}
        (payout,) = read_final_state(world).payouts.values()
        assert payout.status is PayoutStatus.TRANSFERRING

        state = checked(world)
        (payout,) = state.payouts.values()
        assert payout.status is PayoutStatus.PAID
        assert list(state.stripe_transfers.values()) == [payout.paid_amount]


@pytest.mark.parametrize("unreadable", UNREADABLE)
def test_an_unreadable_list_begins_no_new_attempt(unreadable: FaultName) -> None:
    """Stripe saved a failure under the key. Only a complete list may begin the next attempt."""
    with new_world() as world:
        scenes.answer_and_events_lost(world, stripe_fault="status_500_after_effect")
        with bad_edge(world, "GET /v1/refunds", "lost before", unreadable):
            assert world.resume() == {"ResumeDeferred": 1}
        (refund,) = read_final_state(world).refunds.values()
        assert (refund.status, refund.attempt) == ("requested", 1)

        state = checked(world)
        assert [each["amount"] for each in state.stripe_refunds] == [3333]
