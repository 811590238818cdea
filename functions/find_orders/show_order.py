"""Showing one order, with all that has happened to it and all that the caller can do with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.find_orders.offered_actions import OfferedActions, offered_actions
from functions.find_orders.timeline import Event, timeline
from shared.domain.errors import OrderNotFoundError, StudioNotFoundError
from shared.domain.order import OrderKey
from shared.edge.auth import Caller
from shared.gateways.order_panels import OrderPanel, OrderPanels
from shared.gateways.people import People
from shared.gateways.studios import Studios
from shared.workflow.current_stops import CurrentStops
from shared.workflow.refund_limit import refund_limit


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """An order's panel. ``names`` says what its users are called, by their ids."""

    panel: OrderPanel
    events: list[Event]
    actions: OfferedActions
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShowOrder:
    """Reads an order's panel: the order, its refunds and the messages about it."""

    panels: OrderPanels
    people: People
    studios: Studios
    stops: CurrentStops

    def __call__(self, caller: Caller, order_id: str) -> ShownOrder:
        """Return the panel of an order of the caller's studio.

        Raises:
            OrderNotFoundError: The caller's studio has no such order.
        """
        panel = self.panels.load(OrderKey(caller.studio_id, order_id))
        if panel is None:
            raise OrderNotFoundError
        events = timeline(panel)
        state = panel.record.state
        users = [event.by for event in events] + [state.fulfillment_claimed_by]
        users += [dispute.dismissed_by for dispute in state.disputes]
        return ShownOrder(
            panel,
            events,
            offered_actions(caller, panel.record, self._limit(caller), self.stops.load()),
            self.people.names(caller.studio_id, users),
        )

    def _limit(self, caller: Caller) -> int | None:
        """Return the most that the caller may refund of one order, in minor units, or None."""
        if caller.refund_limit_usd is None:
            return None
        studio = self.studios.get(caller.studio_id)
        if studio is None:
            raise StudioNotFoundError("The order's studio does not exist. Tell PPS.")
        return refund_limit(caller, studio)
