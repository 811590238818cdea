"""What comparing an account calls, measured on the real function in worlds of one process."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from unittest.mock import patch

from functions.reconcile import entered
from shared.domain.stops import Stops
from shared.gateways import table
from shared.gateways.stops_store import StopsStore
from shared.gateways.stripe import connection
from tests.faults.world.new_world import new_world
from tests.faults.world.world import FaultWorld
from tests.scale.many_studios import import_studios, leave, refund, sell, studio_ids, until_tomorrow
from tests.scale.meter import Call, Invocation, metered

# Pages are so small in the samples that few refunds have several of them. All kinds of pages have
# a hundred in fact, or more.
SAMPLE_PAGE = 10
# So many refunds in each kind of account. Each sample has one page more than the one before.
SAMPLES = (SAMPLE_PAGE, 2 * SAMPLE_PAGE, 3 * SAMPLE_PAGE)

_RECONCILE = "reconcile"
_DUE = {"due_only": True}


@dataclass(frozen=True)
class AccountCost:
    """The calls of comparing one account for a day.

    Attributes:
        quiet: The calls of a day with one page of refunds at most, in order.
        page: The calls that one more page of refunds adds.
        is_linear: Whether each page added the same calls.
    """

    quiet: Sequence[Call]
    page: Sequence[Call]
    is_linear: bool


@dataclass(frozen=True)
class ReconcileCost:
    """What reconciling calls.

    Attributes:
        platform: The platform's account, with its own refunds and the fee refunds of as many
            refunds on studios' accounts.
        own: A studio's own account.
        idle: A studio's own account on which nothing happened.
        disconnected: A studio's own account that PPS may not use any more.
        not_due: A message about an account that is done already.
    """

    platform: AccountCost
    own: AccountCost
    idle: Invocation
    disconnected: Invocation
    not_due: Invocation


def measure_reconcile(samples: Sequence[int] = SAMPLES, page: int = SAMPLE_PAGE) -> ReconcileCost:
    """Let the real dispatcher and workers compare accounts, and count their calls.

    Args:
        samples: How many refunds there are on the platform's account and on a studio's own one,
            each time a page more.
        page: How many objects a page has.
    """
    days = [_a_day(refunds, page) for refunds in samples]
    idle, not_due, disconnected = _quiet_days()
    return ReconcileCost(
        platform=_account_cost([platform for platform, _ in days]),
        own=_account_cost([own for _, own in days]),
        idle=idle,
        disconnected=disconnected,
        not_due=not_due,
    )


def _account_cost(days: Sequence[Invocation]) -> AccountCost:
    added = [more_calls(before, after) for before, after in pairwise(days)]
    return AccountCost(
        days[0].calls, list(added[0].elements()), all(each == added[0] for each in added)
    )


def more_calls(before: Invocation, after: Invocation) -> Counter[Call]:
    """Return the calls that one invocation makes and another one does not."""
    return Counter(after.calls) - Counter(before.calls)


def _a_day(refunds: int, page: int) -> tuple[Invocation, Invocation]:
    """Return what a day with refunds calls for the platform's account, and for a studio's own."""
    with small_pages(page), _two_accounts(refunds) as (world, ids):
        refund(world, ids, refunds)
        world.run_until_idle()
        until_tomorrow(world)
        done = _reconcile(world)
        assert world.queues.outcomes["AccountReconciled"] == len(ids) * 2, world.queues.outcomes
    own, platform = sorted(done, key=lambda each: len(each.calls))
    return platform, own


def _quiet_days() -> tuple[Invocation, Invocation, Invocation]:
    """Return what a day without events calls, a repeated message, and a disconnected account."""
    with _two_accounts(1) as (world, ids):
        until_tomorrow(world)
        world.call_scheduled(_RECONCILE, _DUE)
        message = world.queues.peek(_RECONCILE)
        idle = min(_work(world), key=lambda each: len(each.calls))
        with metered(world) as meter:
            world.functions.invoke(_RECONCILE, message)
            (not_due,) = meter.recorded()
        leave(world, ids[1:])
        until_tomorrow(world)
        away = min(_reconcile(world), key=lambda each: len(each.calls))
        assert world.queues.outcomes["AccountReconcileDisconnected"] == 1
    return idle, not_due, away


@contextmanager
def small_pages(size: int) -> Iterator[None]:
    """Give pages so many objects in a context, at Stripe and in DynamoDB."""
    with ExitStack() as stack:
        for module, name in (
            (connection, "PAGE_SIZE"),
            (table, "KEYS_PER_BATCH"),
            (entered, "_ENTRIES_PER_PAGE"),
        ):
            stack.enter_context(patch.object(module, name, size))
        yield


@contextmanager
def _two_accounts(orders: int) -> Iterator[tuple[FaultWorld, list[str]]]:
    """Make a studio on the platform's account and one with its own, both compared until today."""
    with new_world() as world, patch.object(StopsStore, "get", lambda _: Stops()):
        ids = studio_ids(2)
        import_studios(world, ids[:1])
        import_studios(world, ids[1:], direct=True)
        sell(world, ids[:1], orders)
        sell(world, ids[1:], orders, direct=True)
        _reconcile(world)
        until_tomorrow(world)
        yield world, ids


def _reconcile(world: FaultWorld) -> Sequence[Invocation]:
    """Let the accounts that are due be announced and compared, and return what that called."""
    world.call_scheduled(_RECONCILE, _DUE)
    return _work(world)


def _work(world: FaultWorld) -> Sequence[Invocation]:
    with metered(world) as meter:
        while world.queues.process_batch(_RECONCILE, most=1):
            pass
        return meter.recorded()
