"""What the real functions call, measured in worlds of one process."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from unittest.mock import patch

from shared.domain.stops import Stops
from shared.gateways.stops_store import StopsStore
from tests.faults.world.new_world import new_world
from tests.faults.world.world import FaultWorld
from tests.scale.many_studios import import_studios, leave, refund, sell, studio_ids
from tests.scale.meter import Invocation, metered
from tests.scale.pairs import PAIRS, Pair

_HOUR_SECONDS = 3600
_HOURS_OF_A_WEEK = 7 * 24

# What OpenIndex has of a piece of work, and AttentionIndex of a refund that is not settled yet.
_ATTRIBUTES_OF_OPEN_WORK = (
    ("PK", "SK", "open_pk", "open_due"),
    ("PK", "SK", "attention_pk", "attention_sk", "next_poll_at"),
)


@dataclass(frozen=True)
class Sample:
    """What the real functions called for so many studios with one piece of work each.

    Attributes:
        studios: How many studios there were.
        dispatch: The run that announced the work.
        works: The invocations that did it, one for each studio.
        repeated: An invocation for a message about work that is done already.
        index_bytes: The size of one piece of work in the index of what is due.
    """

    studios: int
    dispatch: Invocation
    works: Sequence[Invocation]
    repeated: Invocation
    index_bytes: int

    @property
    def work(self) -> Invocation:
        """The piece of work with the most calls."""
        return max(self.works, key=lambda work: len(work.calls))

    @property
    def is_uniform(self) -> bool:
        """Whether each piece of work made the same calls."""
        return all(work.by_operation() == self.work.by_operation() for work in self.works)


def measure(
    pair: Pair, studios: int, *, orders: int = 1, disconnected: str | None = None
) -> Sample:
    """Let the real dispatcher and workers do one piece of work in each of some studios.

    Args:
        pair: The dispatcher and its worker.
        studios: How many studios.
        orders: How many orders each has sold.
        disconnected: Set this to let all studios disconnect their Stripe accounts before the run:
            the outcome that workers then report.
    """
    direct = disconnected is not None
    # A process reads what is stopped once in half a minute, whatever it does: no cost of the work.
    without_stops = patch.object(StopsStore, "get", lambda _: Stops())
    with new_world() as world, without_stops:
        ids = studio_ids(studios)
        import_studios(world, ids, direct=direct)
        sell(world, ids, orders, direct=direct)
        pair.prepare(world, ids)
        if direct:
            leave(world, ids)
        index_bytes = _largest_in_index(world)
        with metered(world) as meter:
            announced = world.call_scheduled(pair.function, pair.event)["announced"]
            message = world.queues.peek(pair.function)
            while world.queues.process_batch(pair.function, most=1):
                pass
            assert announced == studios, f"{announced} of {studios} were announced"
            assert world.queues.outcomes[disconnected or pair.outcome] == studios
            dispatch, *works = meter.recorded()
            meter.invocations.clear()
            world.functions.invoke(pair.function, message)
            (repeated,) = meter.recorded()
    return Sample(studios, dispatch, works, repeated, index_bytes)


def calls_of_a_refund(studios: int) -> Counter[str]:
    """Return the calls of a refund from its request to its entry, by function and service.

    Args:
        studios: In how many studios one order each is refunded; the calls are divided by it.
    """
    with new_world() as world:
        ids = studio_ids(studios)
        import_studios(world, ids)
        sell(world, ids)
        with metered(world) as meter:
            refund(world, ids)
            world.events.deliver_due()
            while world.queues.process_batch("payout_adjust", most=1):
                pass
            found: Counter[str] = Counter()
            for invocation in meter.recorded():
                for service in ("dynamodb", "stripe"):
                    found[f"{invocation.function} {service}"] += invocation.count(service)
    return Counter({name: calls // studios for name, calls in found.items() if calls})


def calls_of_an_idle_week(studios: int) -> Counter[str]:
    """Return what a week of schedules calls for studios in which nothing happens, by function.

    Each schedule runs once an hour, or less often if it is rarer.
    """
    with new_world() as world:
        import_studios(world, studio_ids(studios))
        with metered(world) as meter:
            for hour in range(_HOURS_OF_A_WEEK):
                for pair in PAIRS:
                    if hour * _HOUR_SECONDS % max(_HOUR_SECONDS, pair.interval_seconds) == 0:
                        world.call_scheduled(pair.function, pair.event)
                        while world.queues.process_batch(pair.function, most=1):
                            pass
                world.clock.wait(_HOUR_SECONDS)
            found: Counter[str] = Counter()
            for invocation in meter.recorded():
                for call in invocation.calls:
                    kind = "reads" if call.is_read else "writes"
                    found[f"{invocation.function} {call.service} {kind}"] += 1
    return found


def idle_studio_a_week(few: int, many: int) -> dict[str, float]:
    """Return what one more idle studio costs in a week, by function, service and kind of call."""
    before, after = calls_of_an_idle_week(few), calls_of_an_idle_week(many)
    return {
        name: (calls - before[name]) / (many - few)
        for name, calls in after.items()
        if calls != before[name]
    }


def entry_bytes() -> int:
    """Return how many bytes the largest ledger entry of a sale and a refund has."""
    with new_world() as world:
        ids = studio_ids(1)
        import_studios(world, ids)
        sell(world, ids)
        refund(world, ids)
        world.run_until_idle()
        return max(len(json.dumps(item)) for item in world.engine.scan("LedgerTable"))


def _largest_in_index(world: FaultWorld) -> int:
    """Return how many bytes the largest piece of open work has in its index."""
    return max(
        sum(len(name) + len(item[name]["S"]) for name in names)
        for item in world.engine.scan("OrdersTable")
        for names in _ATTRIBUTES_OF_OPEN_WORK
        if item.keys() >= set(names)
    )
