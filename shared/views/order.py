"""Parts of an order as the API shows them."""

from shared.domain.fulfillment import claimed_at, is_canceled_by_refund
from shared.domain.imported_order import PhotoDay, Subject
from shared.domain.order import OrderState
from shared.views.people import NO_NAMES, Names, optional_name, shown_name
from shared.views.view import View


class SubjectView(View):
    """A person in the photos."""

    subject_id: str
    name: str


def subject_view(subject: Subject) -> SubjectView:
    """Return a subject as the API shows it. An erased name is empty."""
    return SubjectView(subject_id=subject.subject_id, name=subject.name or "")


class PhotoDayView(View):
    """The day when the photos were taken."""

    photo_day_id: str
    name: str


def photo_day_view(day: PhotoDay) -> PhotoDayView:
    """Return a photo day as the API shows it. An erased name is empty."""
    return PhotoDayView(photo_day_id=day.photo_day_id, name=day.name or "")


class StepView(View):
    """One step of a person with the print: its new status, when (RFC 3339, UTC) and by whom."""

    status: str
    at: str
    by: str
    by_name: str


class FulfillmentView(View):
    """The state of the print, with what its people are called.

    ``claimed_at`` is null if the print was claimed before the order was imported.
    ``canceled_by`` is a user, the id of the refund that canceled it, or ``nothing_left`` if refunds
    left nothing to print. ``history`` lists people's steps, the oldest first.
    """

    status: str
    claimed_by: str | None
    claimed_by_name: str | None
    claimed_at: str | None
    canceled_by: str | None
    canceled_by_name: str | None
    history: list[StepView]


def fulfillment_view(state: OrderState, names: Names = NO_NAMES) -> FulfillmentView:
    """Return the state of an order's print.

    Args:
        state: The order's state.
        names: What users are called.
    """
    return FulfillmentView(
        status=state.fulfillment_status,
        claimed_by=state.fulfillment_claimed_by,
        claimed_by_name=optional_name(names, state.fulfillment_claimed_by),
        claimed_at=claimed_at(state),
        canceled_by=state.fulfillment_canceled_by,
        canceled_by_name=_canceled_by_name(state, names),
        history=[
            StepView(status=step.status, at=step.at, by=step.by, by_name=shown_name(names, step.by))
            for step in state.fulfillment_history
        ],
    )


def _canceled_by_name(state: OrderState, names: Names) -> str | None:
    if is_canceled_by_refund(state):
        return "A refund"
    return optional_name(names, state.fulfillment_canceled_by)
