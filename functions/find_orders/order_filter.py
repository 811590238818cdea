"""Which orders a list shows."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.folding import fold
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import FulfillmentStatus, OrderRefundStatus, OrderState
from shared.gateways.order_lists import TimeRange


class DisputeFilter(StrEnum):
    """Orders by their disputes. An order with several matches by each of them."""

    OPEN = "open"
    LOST = "lost"
    WON = "won"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What an order must be to be listed. None is anything.

    ``photo_day`` is a photo day's id, or a part of its name.
    """

    status: OrderRefundStatus | None = None
    print_status: FulfillmentStatus | None = None
    photo_day: str | None = None
    dispute: DisputeFilter | None = None
    placed: TimeRange | None = None

    @property
    def scope(self) -> tuple[str | None, ...]:
        """What identifies the filter in a cursor."""
        placed = (self.placed.start, self.placed.end) if self.placed else (None, None)
        return (self.status, self.print_status, self.photo_day, self.dispute, *placed)

    @property
    def needs_reading(self) -> bool:
        """Whether orders must be read to see if they match: no index has all of it."""
        if self.status is OrderRefundStatus.PENDING and self.placed is not None:
            return True
        return any(each is not None for each in (self.print_status, self.photo_day, self.dispute))

    def matches(self, imported: ImportedOrder, state: OrderState) -> bool:
        """Return whether an order is listed."""
        return (
            self.status in {None, state.refund_status}
            and self.print_status in {None, state.fulfillment_status}
            and (self.dispute is None or _has_dispute(state, self.dispute))
            and (self.photo_day is None or _is_of_photo_day(imported, self.photo_day))
            and (self.placed is None or self.placed.start <= state.placed_at < self.placed.end)
        )


def _has_dispute(state: OrderState, wanted: DisputeFilter) -> bool:
    match wanted:
        case DisputeFilter.OPEN:
            return any(each.is_open for each in state.disputes)
        case DisputeFilter.LOST:
            return any(each.is_lost for each in state.disputes)
        case DisputeFilter.WON:
            return any(not each.is_open and not each.is_lost for each in state.disputes)
        case DisputeFilter.ANY:
            return bool(state.disputes)
        case DisputeFilter.NONE:
            return not state.disputes


def _is_of_photo_day(imported: ImportedOrder, wanted: str) -> bool:
    day = imported.photo_day
    if day is None:
        return False
    return day.photo_day_id == wanted or fold(wanted).strip() in fold(day.name or "")
