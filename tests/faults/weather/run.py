"""One run: bad weather over a studio, then calm, then the checks."""

import random
from dataclasses import dataclass

from shared.domain.order import OrderKey
from shared.domain.refund import RefundStatus, refund_id_of_request
from tests.faults.final_state import FinalState, read_final_state
from tests.faults.money_oracle import MoneyOracle
from tests.faults.month_files import month_differences
from tests.faults.one_process.outside_calls import PassThrough
from tests.faults.weather.aws_activity import AwsActivity
from tests.faults.weather.climate import Climate
from tests.faults.weather.people import People
from tests.faults.weather.simulation import Simulation
from tests.faults.weather.storm import StormInterceptor
from tests.faults.weather.stripe_activity import StripeActivity
from tests.faults.world.import_records import STUDIO
from tests.faults.world.new_world import new_world
from tests.faults.world.world import FaultWorld


@dataclass(frozen=True)
class WeatherRun:
    """A run in bad weather.

    Attributes:
        violations: The rules that do not hold at the end.
        history: What happened, line by line.
    """

    seed: int
    violations: list[str]
    history: list[str]
    state: FinalState

    def __str__(self) -> str:
        return "\n".join([f"seed {self.seed}", *self.history, *self.violations])


def run_weather(seed: int) -> WeatherRun:
    """Let bad weather pass over a studio, and check its records once nothing is under way."""
    dice = random.Random(seed)  # noqa: S311  # the same seed must give the same weather
    with new_world(seed) as world:
        simulation = Simulation(world, dice)
        people = _pass_storm(simulation)
        violations = _calm_down(world)
        violations += month_differences(world)
        state = read_final_state(world)
    violations += [f"a message was parked: {reason}" for reason in state.parked]
    violations += MoneyOracle(state).violations()
    violations += wrong_answers(state, people.final_answers())
    return WeatherRun(seed, violations, simulation.history, state)


def wrong_answers(state: FinalState, answers: dict[tuple[str, str], int]) -> list[str]:
    """Return where a client's final answer contradicts the records.

    Args:
        state: The records.
        answers: The status of each answer, by order id and idempotency key.
    """
    found = []
    for (order_id, key), status in answers.items():
        refund = state.refunds.get(refund_id_of_request(OrderKey(STUDIO, order_id), key))
        if status == 201 and refund is None:
            found.append(f"{key} of {order_id} was answered 201, but there is no refund")
        if status >= 400 and refund and refund.status is not RefundStatus.FAILED:
            found.append(f"{key} of {order_id} was answered {status}, but is {refund.status}")
    return found


def _pass_storm(simulation: Simulation) -> People:
    """Let the storm pass, and return the people with the answers they got."""
    climate = Climate.draw(simulation.dice)
    aws = AwsActivity(simulation, climate)
    stripe = StripeActivity(simulation, climate, aws)
    aws.on_function_ended = stripe.send_events
    people = People(simulation, aws, stripe)
    people.plan()
    simulation.note(str(climate))
    simulation.world.outside_calls.interceptor = StormInterceptor(simulation, climate)
    simulation.run()
    simulation.world.outside_calls.interceptor = PassThrough()
    return people


def _calm_down(world: FaultWorld) -> list[str]:
    """Finish all work without faults, and return the errors that no code expected then."""
    world.functions.errors.clear()
    try:
        world.reconcile_until_clean()
    except AssertionError as error:
        return [str(error), *world.functions.errors]
    return [*world.books_problems(), *world.functions.errors]
