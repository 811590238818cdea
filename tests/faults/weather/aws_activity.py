"""What AWS does by itself in bad weather: schedules and queues call functions."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.faults.one_process import template
from tests.faults.weather.climate import Climate
from tests.faults.weather.simulation import Simulation

_POLLERS_PER_QUEUE = 2
# Messages that were not deleted are visible again by then.
_SECONDS_UNTIL_NEXT_POLL = 200.0


@dataclass
class AwsActivity:
    """Starts functions.

    Attributes:
        on_function_ended: Called after each call of a function.
    """

    simulation: Simulation
    climate: Climate
    on_function_ended: Callable[[], None] = lambda: None
    _skews: dict[str, float] = field(default_factory=dict)
    _pollers: Counter[str] = field(default_factory=Counter)

    def start(self, function: str, call: Callable[[], object]) -> None:
        """Start a call of a function. Each function has its own clock skew."""
        clock, dice = self.simulation.world.clock, self.simulation.dice
        deadline = clock.now + template.functions()[function].timeout_seconds
        if function not in self._skews:
            limit = self.climate.skew_seconds
            self._skews[function] = dice.uniform(-limit, limit)

        def run() -> None:
            clock.skew.set(self._skews[function])
            call()
            clock.skew.set(0.0)
            self.on_function_ended()
            if function not in template.queue_readers():
                self._poll_queues()

        self.simulation.start(run, deadline)

    def run_schedule(self, function: str, pauses_seconds: Sequence[float]) -> None:
        """Let a schedule call a function now, sometimes twice, and again after each pause."""
        dice, world = self.simulation.dice, self.simulation.world

        def call() -> None:
            world.call_scheduled(function)
            self._poll_queues()  # it may only have announced what is due

        for _ in range(dice.choice((1, 1, 2))):
            self.simulation.within(1.0, lambda: self.start(function, call))
        if pauses_seconds:
            pause, *later = pauses_seconds
            self.simulation.after(
                pause * dice.uniform(0.9, 1.1), lambda: self.run_schedule(function, later)
            )

    def _poll_queues(self) -> None:
        """Let pollers read the queues that have visible messages."""
        for function, queue in template.queue_readers().items():
            if self.simulation.world.queues.has_visible(queue):
                self._poll(function, self.simulation.dice.uniform(0, 3))

    def _poll(self, function: str, seconds: float) -> None:
        """Let a poller read a function's queue in some seconds, unless enough pollers wait."""
        if self._pollers[function] < _POLLERS_PER_QUEUE:
            self._pollers[function] += 1
            self.simulation.after(seconds, lambda: self._process_batch(function))

    def _process_batch(self, function: str) -> None:
        dice = self.simulation.dice
        self._pollers[function] -= 1
        if dice.random() < self.climate.aws:
            self.simulation.after(dice.uniform(0, 1), lambda: self._deliver_too_early(function))
        is_repeated = dice.random() < self.climate.aws  # the messages cannot be deleted

        def call() -> None:
            count = self.simulation.world.queues.process_batch(function, delete=not is_repeated)
            again = ", to be delivered again" if is_repeated else ""
            self.simulation.note(f"{function} processed {count} messages{again}")
            if count:
                self._poll_queues()
                self._poll(function, _SECONDS_UNTIL_NEXT_POLL)

        self.start(function, call)

    def _deliver_too_early(self, function: str) -> None:
        """Let a second poller receive the messages that a function is processing."""
        queue = template.queue_readers()[function]
        self.simulation.world.engine.end_visibility_timeouts(queue)
        self._poll(function, 0.0)
