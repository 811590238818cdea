"""Responses of the print station: what an operator needs. No amounts, and no parent."""

from collections.abc import Iterator

from pydantic import BaseModel

from functions.print_station.show_queue import PrintJob, QueuePage
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import OrderRefundStatus, OrderState
from shared.views.order import (
    FulfillmentView,
    PhotoDayView,
    SubjectView,
    fulfillment_view,
    photo_day_view,
    subject_view,
)


class PrintView(BaseModel):
    """An order's print after a step."""

    order_id: str
    fulfillment: FulfillmentView


class JobLine(BaseModel):
    """A product with the units that are still to print. Refunded units are not among them."""

    line_id: str
    product: str
    sku: str
    quantity: int
    subject_id: str | None


class JobView(BaseModel):
    """An order in the queue. ``refund_status`` tells if a refunded order is still printed."""

    order_id: str
    placed_at: str
    status: str
    claimed_by: str | None
    refund_status: OrderRefundStatus
    photo_day: PhotoDayView | None
    subjects: list[SubjectView]
    lines: list[JobLine]


class QueueView(BaseModel):
    """A page of the queue, the oldest order first."""

    items: list[JobView]
    next_cursor: str | None


def print_view(state: OrderState) -> PrintView:
    """Return an order's print as the API shows it after a step."""
    return PrintView(order_id=state.order_id, fulfillment=fulfillment_view(state))


def queue_view(page: QueuePage) -> QueueView:
    """Return a page of the queue as the API shows it."""
    return QueueView(items=[_job_view(job) for job in page.jobs], next_cursor=page.next_cursor)


def _job_view(job: PrintJob) -> JobView:
    imported, state = job.imported, job.state
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
