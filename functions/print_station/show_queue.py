"""What there is to print: the station's queue, oldest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from functions.print_station.models import JobLine, JobView, QueueView
from shared.domain.fulfillment import IN_QUEUE
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import OrderState
from shared.edge.cursor import cursor_for, position_of
from shared.gateways.order_lists import ListedOrder, OrderLists
from shared.views.order import photo_day_view, subject_view

type QueueStatus = Literal["queued", "claimed", "printed"]


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """Which part of the queue: at most ``limit`` jobs of a status (None for all) from a cursor."""

    status: QueueStatus | None
    limit: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class ShowQueue:
    """Shows a studio's queue, page by page."""

    lists: OrderLists

    def __call__(self, studio_id: str, query: QueueQuery) -> QueueView:
        """Return a page, short where jobs have left the queue or have another status.

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
        # An order whose names and lines were erased cannot be printed any more.
        if each.state.fulfillment_status in statuses and each.imported is not None:
            yield _job(each.imported, each.state)


def _job(imported: ImportedOrder, state: OrderState) -> JobView:
    """Return what the operator needs of an order: no money, and no person but the subjects."""
    day = imported.photo_day
    return JobView(
        order_id=state.order_id,
        placed_at=state.placed_at,
        status=state.fulfillment_status,
        claimed_by=state.fulfillment_claimed_by,
        refund_status=state.refund_status,
        photo_day=photo_day_view(day) if day else None,
        subjects=[subject_view(subject) for subject in imported.subjects],
        lines=list(_lines(imported, state.print_units_off)),
    )


def _lines(imported: ImportedOrder, units_off: dict[str, int]) -> Iterator[JobLine]:
    for product in imported.products:
        quantity = product.quantity - units_off.get(product.line_id, 0)
        if quantity > 0:
            yield JobLine(
                line_id=product.line_id,
                product=product.product,
                sku=product.sku,
                quantity=quantity,
                subject_id=product.subject_id,
            )
