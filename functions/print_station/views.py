"""Responses of the print station: what an operator needs. No amounts, and no parent."""

from collections.abc import Iterator

from functions.print_station.show_queue import PrintJob, QueuePage
from shared.domain.fulfillment import claimed_at
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import FulfillmentStatus, OrderRefundStatus, OrderState
from shared.views.order import (
    FulfillmentView,
    PhotoDayView,
    SubjectView,
    fulfillment_view,
    photo_day_view,
    subject_view,
)
from shared.views.people import NO_NAMES, Names, optional_name
from shared.views.view import View


class PrintView(View):
    """An order's print after a step."""

    order_id: str
    fulfillment: FulfillmentView


class JobLine(View):
    """A product with the units that are still to print. Refunded units are not among them."""

    line_id: str
    product: str
    sku: str
    quantity: int
    subject_id: str | None


class JobView(View):
    """An order in the queue. ``refund_status`` tells if a refunded order is still printed.

    ``mine`` says that the caller has claimed it. ``claimed_at`` is null if it was claimed before
    the order was imported.
    """

    order_id: str
    placed_at: str
    status: str
    claimed_by: str | None
    claimed_by_name: str | None
    claimed_at: str | None
    mine: bool
    refund_status: OrderRefundStatus
    photo_day: PhotoDayView | None
    subjects: list[SubjectView]
    lines: list[JobLine]


class QueueCounts(View):
    """How many jobs the whole queue has, by status."""

    queued: int
    claimed: int
    printed: int


class QueueView(View):
    """A page of the queue, the oldest order first, and the counts of all of it."""

    items: list[JobView]
    next_cursor: str | None
    counts: QueueCounts


def print_view(state: OrderState, names: Names = NO_NAMES) -> PrintView:
    """Return an order's print as the API shows it after a step.

    Args:
        state: The order's state.
        names: What users are called.
    """
    return PrintView(order_id=state.order_id, fulfillment=fulfillment_view(state, names))


def queue_view(page: QueuePage, user: str) -> QueueView:
    """Return a page of the queue as the API shows it.

    Args:
        page: The page.
        user: Who looks at it.
    """
    counts = page.counts
    return QueueView(
        items=[_job_view(job, user, page.names) for job in page.jobs],
        next_cursor=page.next_cursor,
        counts=QueueCounts(
            queued=counts[FulfillmentStatus.QUEUED],
            claimed=counts[FulfillmentStatus.CLAIMED],
            printed=counts[FulfillmentStatus.PRINTED],
        ),
    )


def _job_view(job: PrintJob, user: str, names: Names) -> JobView:
    imported, state = job.imported, job.state
    day = imported.photo_day
    return JobView(
        order_id=state.order_id,
        placed_at=state.placed_at,
        status=state.fulfillment_status,
        claimed_by=state.fulfillment_claimed_by,
        claimed_by_name=optional_name(names, state.fulfillment_claimed_by),
        claimed_at=claimed_at(state),
        mine=state.fulfillment_claimed_by == user,
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
