"""Listing what PPS has stopped, for the page's banner."""

from dataclasses import dataclass

from shared.domain.stops import Activity, Stop
from shared.edge.auth import Action, SignedIn
from shared.workflow.current_stops import CurrentStops

# Who has to know of a stop: those who may do this.
_CONCERNS = {
    Activity.REFUNDS: Action.READ_REFUND,
    Activity.PAYOUTS: Action.READ_PAYOUTS,
    Activity.MESSAGES: Action.SEND_MESSAGE,
}


@dataclass(frozen=True, slots=True)
class ListStops:
    """Lists what is stopped and concerns the user."""

    stops: CurrentStops

    def __call__(self, user: SignedIn) -> list[Stop]:
        """Return the stops of the user's studio. Without a studio, those of the whole platform."""
        allowed = set(user.allowed_actions)
        holding = self.stops.load().affecting(user.studio_id)
        return [stop for stop in holding if _CONCERNS[stop.activity] in allowed]
