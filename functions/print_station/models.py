"""The bodies of the print station: what an operator needs, and neither money nor the parent."""

from pydantic import BaseModel, ConfigDict

from shared.domain.order import OrderRefundStatus
from shared.views.order import FulfillmentView, PhotoDayView, SubjectView


class NoFields(BaseModel):
    """An empty body: the path says all. Sending the request again does nothing more."""

    model_config = ConfigDict(extra="forbid")


class PrintView(BaseModel):
    """An order's print after a step."""

    order_id: str
    fulfillment: FulfillmentView


class JobLine(BaseModel):
    """A product with the units still to print; refunded ones are not among them."""

    line_id: str
    product: str
    sku: str
    quantity: int
    subject_id: str | None


class JobView(BaseModel):
    """An order in the queue; ``refund_status`` tells of one that is refunded and printed still."""

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
