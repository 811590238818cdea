"""The print queue, oldest first."""

from dataclasses import dataclass
from typing import Literal

from shared.domain.fulfillment import PRINT_QUEUE_STATUSES
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import OrderState
from shared.edge.cursor import cursor_for, position_of
from shared.gateways.order_lists import OrderLists

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
    """A page of the queue. ``next_cursor`` is None on the last page."""

    jobs: list[PrintJob]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ShowQueue:
    """Shows a studio's queue, page by page."""

    lists: OrderLists

    def __call__(self, studio_id: str, query: QueueQuery) -> QueuePage:
        """Return a page. It is short if jobs have left the queue or have another status.

        Raises:
            CursorError: The cursor is not of this list.
        """
        scope = ("print_queue", studio_id, query.status)
        after = position_of(query.cursor, 1, *scope)[0] if query.cursor is not None else None
        page = self.lists.print_queue(studio_id, query.limit, after)
        return QueuePage(
            self._read(studio_id, page.entries, query.status),
            cursor_for([page.entries[-1]], *scope) if page.more else None,
        )

    def _read(
        self, studio_id: str, places: list[str], status: QueueStatus | None
    ) -> list[PrintJob]:
        statuses = PRINT_QUEUE_STATUSES if status is None else frozenset({status})
        # Read consistently: the index may still show a job that was canceled a moment ago.
        return [
            PrintJob(listed.imported, listed.state)
            for listed in self.lists.read_orders(studio_id, places, consistent=True)
            # An order whose names and lines were erased cannot be printed.
            if listed.imported is not None and listed.state.fulfillment_status in statuses
        ]
