"""The print queue, oldest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from functions.print_station.views import JobView, QueueView, job_view
from shared.domain.fulfillment import IN_QUEUE
from shared.edge.cursor import cursor_for, position_of
from shared.gateways.order_lists import ListedOrder, OrderLists

type QueueStatus = Literal["queued", "claimed", "printed"]


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """Which page of the queue: at most ``limit`` jobs, of one status or of all (None)."""

    status: QueueStatus | None
    limit: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class ShowQueue:
    """Shows a studio's queue, page by page."""

    lists: OrderLists

    def __call__(self, studio_id: str, query: QueueQuery) -> QueueView:
        """Return a page. It is short if jobs have left the queue or have another status.

        Raises:
            CursorError: The cursor is not of this list.
        """
        scope = ("print_queue", studio_id, query.status)
        after = position_of(query.cursor, 1, *scope)[0] if query.cursor is not None else None
        page = self.lists.print_queue(studio_id, query.limit, after)
        # Read consistently: the index may still show a job that was canceled a moment ago.
        listed = self.lists.read_orders(studio_id, page.entries, consistent=True)
        return QueueView(
            items=list(_jobs(listed, query.status)),
            next_cursor=cursor_for([page.entries[-1]], *scope) if page.more else None,
        )


def _jobs(listed: list[ListedOrder], status: QueueStatus | None) -> Iterator[JobView]:
    statuses = IN_QUEUE if status is None else frozenset({status})
    for each in listed:
        # An order whose names and lines were erased cannot be printed.
        if each.state.fulfillment_status in statuses and each.imported is not None:
            yield job_view(each.imported, each.state)
