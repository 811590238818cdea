"""A 429 of Stripe slows each worker, and loses nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from tests.faults import actions, scenes
from tests.faults.final_state import read_final_state
from tests.faults.money_oracle import MoneyOracle
from tests.faults.one_process.answer import Answer
from tests.faults.one_process.failed_calls import stripe_error
from tests.faults.one_process.outside_calls import STRIPE, OutsideCall, PassThrough, Perform
from tests.faults.one_process.virtual_clock import VirtualClock
from tests.faults.world.new_world import new_world
from tests.faults.world.world import FaultWorld

# The shortest pause of the SDK before it tries again.
_PAUSE_SECONDS = 0.5


@dataclass
class RateLimited:
    """Answers 429 to every call to Stripe, and remembers when each came."""

    clock: VirtualClock
    called_at: list[float] = field(default_factory=list)

    def intercept(self, call: OutsideCall, perform: Perform, /) -> Answer:
        if call.service != STRIPE:
            return perform()
        self.called_at.append(self.clock.now)
        return stripe_error(429)


@pytest.mark.parametrize(
    ("scene", "action"),
    [
        (scenes.imported, actions.read_charges),
        (scenes.settled_without_fee_refund, actions.refund_fee),
        (scenes.payout_due, actions.pay_out_twice),
        (scenes.events_lost, actions.resume),
        (
            partial(scenes.answer_and_events_lost, stripe_fault="status_500_before_effect"),
            actions.resume,
        ),
    ],
    ids=["verify_charge", "fee_refund", "run_payouts", "resume_pending", "resume_pending, sending"],
)
def test_work_that_met_a_429_is_done_later_and_once(
    scene: Callable[[FaultWorld], None], action: Callable[[FaultWorld], None]
) -> None:
    with new_world() as world:
        scene(world)
        limited = RateLimited(world.clock)
        world.outside_calls.interceptor = limited
        action(world)
        assert limited.called_at
        # Each call is followed by its second try, after a pause: no worker becomes faster.
        first, second = limited.called_at[::2], limited.called_at[1::2]
        assert all(
            later - earlier >= _PAUSE_SECONDS for earlier, later in zip(first, second, strict=True)
        )
        world.outside_calls.interceptor = PassThrough()
        world.run_until_idle()
        state = read_final_state(world)
        assert MoneyOracle(state).violations() == []
        assert (state.parked, world.functions.errors) == ([], [])
