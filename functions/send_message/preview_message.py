"""Previewing a message. Nothing is sent."""

from dataclasses import dataclass

from functions.send_message.compose_message import Draft
from functions.send_message.draft_message import DraftMessage
from functions.send_message.find_notices import FindNotices, Notice
from shared.domain.errors import MessagesStoppedError
from shared.domain.message_template import Template
from shared.domain.stops import Activity
from shared.edge.auth import Caller
from shared.gateways.orders_table import OrdersTable
from shared.workflow.current_stops import CurrentStops
from shared.workflow.load_callers_order import load_callers_order


@dataclass(frozen=True, slots=True)
class Preview:
    """A message before it is sent.

    ``warnings`` are the codes of the errors that sending it would get now. ``notices`` say what
    staff should know. They keep nobody from sending it.
    """

    draft: Draft
    warnings: list[str]
    notices: list[Notice]


@dataclass(frozen=True, slots=True)
class PreviewMessage:
    """Fills in a template."""

    orders: OrdersTable
    draft_message: DraftMessage
    find_notices: FindNotices
    stops: CurrentStops

    def __call__(
        self, caller: Caller, order_id: str, template: Template, refund_id: str
    ) -> Preview:
        """Return the message, with what keeps it from being sent and what to know before.

        Raises:
            DomainError: There is no such order or refund, or the template does not fit it.
            BusyError: The mail service does not answer.
        """
        record = load_callers_order(self.orders, caller, order_id)
        draft = self.draft_message(record, template, refund_id)
        warnings = [refusal.code for refusal in self.draft_message.obstacles(draft)]
        if self.stops.load().find(Activity.MESSAGES, caller.studio_id):
            warnings.append(MessagesStoppedError.code)
        return Preview(draft, warnings, self.find_notices(record.imported.key, draft))
