"""What a proof of PPS's own books calls, measured on the real function in worlds of one process."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from unittest.mock import patch

from functions.reconcile import read_ledgers
from shared.domain.stops import Stops
from shared.gateways.stops_store import StopsStore
from tests.faults.world.new_world import new_world
from tests.faults.world.world import FaultWorld
from tests.scale.many_studios import import_studios, sell, studio_ids
from tests.scale.measure_reconcile import more_calls, small_pages
from tests.scale.meter import Call, Invocation, metered

_STUDIOS = 12
_HOUR_SECONDS = 3600.0


@dataclass(frozen=True)
class BooksCost:
    """The calls of a proof.

    Attributes:
        quiet: Of one in which nothing happened.
        with_more_studios: The same, with twice as many studios.
        page: What a page more of changed ledgers adds, each with one sale: the page of Stripe's
            movements, of heads and of orders, and what each ledger takes by itself.
        is_linear: Whether each page added the same calls.
        page_size: How many a page has.
    """

    quiet: Invocation
    with_more_studios: Invocation
    page: Counter[Call]
    is_linear: bool
    page_size: int

    @property
    def calls_of_a_ledger(self) -> int:
        """How many calls to DynamoDB each changed ledger takes by itself."""
        return max(self.page.values()) // self.page_size


def measure_books(page: int = 3) -> BooksCost:
    """Let the real function prove the books of small worlds, and count its calls.

    Args:
        page: How many objects a page has.
    """
    pages_of_orders = patch.object(read_ledgers, "_ORDERS_AT_ONCE", page)
    without_stops = patch.object(StopsStore, "get", lambda _: Stops())
    with small_pages(page), pages_of_orders, without_stops, new_world() as world:
        ids = studio_ids(2 * _STUDIOS)
        import_studios(world, ids[:_STUDIOS])
        _prove(world)
        quiet = _prove(world)
        import_studios(world, ids[_STUDIOS:])
        with_more_studios = _prove(world)
        days = []
        for pages in (1, 2, 3):
            # The ledgers that changed before are on the list still, and change again.
            sell(world, ids[: pages * page], pages)
            days.append(_prove(world))
    return _cost(quiet, with_more_studios, days, page)


def _cost(
    quiet: Invocation, with_more_studios: Invocation, days: Sequence[Invocation], page: int
) -> BooksCost:
    added = [more_calls(before, after) for before, after in pairwise(days)]
    is_linear = all(each == added[0] for each in added)
    return BooksCost(quiet, with_more_studios, added[0], is_linear, page)


def _prove(world: FaultWorld) -> Invocation:
    """Prove the books an hour later, and return what that called."""
    world.clock.wait(_HOUR_SECONDS)
    with metered(world) as meter:
        answer = world.call_scheduled("reconcile", {"books": {}})
        assert answer["findings"] == [], answer
        (invocation,) = meter.recorded()
    return invocation
