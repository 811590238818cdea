"""The dispatchers and workers that are simulated. A new pair is one more entry in ``PAIRS``."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.domain.due_work import MOST_OF_ALL, MOST_OF_STUDIO
from tests.faults.one_process import template
from tests.faults.world.world import FaultWorld
from tests.scale.many_studios import (
    interrupt_refunds,
    until_monday,
    until_tomorrow,
)


@dataclass(frozen=True)
class Pair:
    """A scheduled function that announces what is due, and does it as a worker of a queue.

    Attributes:
        title: What it does, for people.
        function: The function.
        prepare: Makes one piece of work due in each of some studios that have a sale.
        outcome: What each worker must report.
        most_of_studio: How much of one studio a run announces, or None without a limit.
        most_of_all: How much a run announces in all, or None without a limit.
        reads_all_open: Whether a run reads all that is open, to find what of it is due.
    """

    title: str
    function: str
    prepare: Callable[[FaultWorld, Sequence[str]], None]
    outcome: str
    most_of_studio: int | None = None
    most_of_all: int | None = None
    reads_all_open: bool = False

    @property
    def workers(self) -> int:
        """How many workers there are at most."""
        limit = template.functions()[self.function].maximum_concurrency
        if limit is None:
            raise ValueError(f"{self.function} has no MaximumConcurrency")
        return limit

    @property
    def interval_seconds(self) -> int:
        """How often the schedule runs."""
        return self._schedule.interval_seconds

    @property
    def event(self) -> object:
        """What the schedule sends."""
        return json.loads(self._schedule.event)

    @property
    def timeout_seconds(self) -> int:
        """How long an invocation may take."""
        return template.functions()[self.function].timeout_seconds

    @property
    def _schedule(self) -> template.Schedule:
        return next(each for each in template.schedules() if each.function == self.function)


PAYOUTS = Pair("payouts", "run_payouts", lambda world, _: until_monday(world), "PayoutPaid")
ANCHORS = Pair("anchors", "anchor_ledger", lambda world, _: until_tomorrow(world), "LedgerAnchored")
RESUME = Pair(
    "resume",
    "resume_pending",
    interrupt_refunds,
    "RefundConfirmed",
    most_of_studio=MOST_OF_STUDIO,
    most_of_all=MOST_OF_ALL,
    reads_all_open=True,
)

PAIRS = (PAYOUTS, ANCHORS, RESUME)
