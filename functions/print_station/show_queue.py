"""The print queue, oldest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.domain.fulfillment import PRINT_QUEUE_STATUSES
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import FulfillmentStatus, OrderState
from shared.edge.cursor import cursor_for, position_of
from shared.gateways.order_lists import OrderLists
from shared.gateways.people import People

type QueueStatus = Literal["queued", "claimed", "printed"]


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """Which page of the queue: at most ``limit`` jobs, of one status or of all (None)."""

    status: QueueStatus | None
    limit: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class PrintJob:
    """An order in the queue: as imported, and its state."""

    imported: ImportedOrder
    state: OrderState


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue. ``next_cursor`` is None on the last page.

    ``counts`` says how many jobs of each status the whole queue has. ``names`` says what the
    operators on the page are called, by their ids.
    """

    jobs: list[PrintJob]
    next_cursor: str | None
    counts: Mapping[FulfillmentStatus, int]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShowQueue:
    """Shows a studio's queue, page by page."""

    lists: OrderLists
    people: People

    def __call__(self, studio_id: str, query: QueueQuery) -> QueuePage:
        """Return a page. It is short if jobs have left the queue or changed their status.

        Raises:
            CursorError: The cursor is not of this list.
        """
        scope = ("print_queue", studio_id, query.status)
        after = position_of(query.cursor, 1, *scope)[0] if query.cursor is not None else None
        wanted = frozenset({FulfillmentStatus(query.status)}) if query.status else None
        statuses = wanted or PRINT_QUEUE_STATUSES
        page = self.lists.print_queue(studio_id, statuses, query.limit, after)
        jobs = self._read(studio_id, page.entries, statuses)
        return QueuePage(
            jobs,
            cursor_for([page.entries[-1]], *scope) if page.more and page.entries else None,
            {each: self.lists.count_prints(studio_id, each) for each in PRINT_QUEUE_STATUSES},
            self.people.names(studio_id, (job.state.fulfillment_claimed_by for job in jobs)),
        )

    def _read(
        self, studio_id: str, places: list[str], statuses: frozenset[FulfillmentStatus]
    ) -> list[PrintJob]:
        # Read consistently: the index may still show a job that was canceled a moment ago.
        return [
            PrintJob(listed.imported, listed.state)
            for listed in self.lists.read_orders(studio_id, places, consistent=True)
            # An order whose names and lines were erased cannot be printed.
            if listed.imported is not None and listed.state.fulfillment_status in statuses
        ]
