"""Previewing a message. Nothing is sent."""

from dataclasses import dataclass

from functions.send_message.compose_message import Draft
from functions.send_message.draft_message import DraftMessage
from shared.domain.errors import MessagesStoppedError
from shared.domain.message import Template
from shared.domain.stops import Activity
from shared.edge.auth import Caller
from shared.gateways.orders_table import OrdersTable
from shared.workflow.current_stops import CurrentStops
from shared.workflow.load_callers_order import load_callers_order


@dataclass(frozen=True, slots=True)
class PreviewMessage:
    """Fills in a template."""

    orders: OrdersTable
    draft_message: DraftMessage
    stops: CurrentStops

    def __call__(
        self, caller: Caller, order_id: str, template: Template, refund_id: str
    ) -> tuple[Draft, list[str]]:
        """Return the message, and the codes of the errors that sending it would get now.

        Raises:
            DomainError: There is no such order or refund, or the template does not fit it.
            BusyError: The mail service does not answer.
        """
        record = load_callers_order(self.orders, caller, order_id)
        draft = self.draft_message(record, template, refund_id)
        codes = [refusal.code for refusal in self.draft_message.obstacles(draft)]
        if self.stops.load().find(Activity.MESSAGES, caller.studio_id):
            codes.append(MessagesStoppedError.code)
        return draft, codes
