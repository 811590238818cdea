"""The order in which different kinds of work take turns."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from shared.clock import Clock
from shared.gateways.open_work import DueWork


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work.

    Attributes:
        list_due: Lists what is due before a time (RFC 3339, UTC), or all for None; the longest
            overdue first.
        resume: Does a piece of work and returns the outcome, as the name of a metric.
    """

    list_due: Callable[[str | None], Iterator[DueWork]]
    resume: Callable[[DueWork], str]


def in_turns(
    kinds: Sequence[Kind], due_before: str | None, clock: Clock
) -> Iterator[tuple[Kind, DueWork]]:
    """Yield all work that is due, each piece with its kind.

    The kind that has taken the least time so far goes next. So hundreds of refunds that each wait
    for Stripe do not keep quick work waiting. Among kinds that took the same time, the longest
    overdue goes first.

    Args:
        kinds: The kinds of work.
        due_before: The time before which work must be due, or None for all work.
        clock: Tells how long a piece of work took.
    """
    lists = [kind.list_due(due_before) for kind in kinds]
    heads = [
        (0.0, work.due_at, number, work)
        for number, each in enumerate(lists)
        if (work := next(each, None)) is not None
    ]
    heapify(heads)
    while heads:
        spent_seconds, _, number, work = heappop(heads)
        began = clock()
        yield kinds[number], work
        spent_seconds += (clock() - began).total_seconds()
        following = next(lists[number], None)
        if following is not None:
            heappush(heads, (spent_seconds, following.due_at, number, following))
