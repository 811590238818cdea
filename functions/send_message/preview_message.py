"""What a message would say, without sending it."""

from dataclasses import dataclass

from functions.send_message.compose_message import Draft
from functions.send_message.draft_message import DraftMessage
from shared.auth import Caller
from shared.domain.message import Template
from shared.gateways.orders_table import OrdersTable
from shared.workflow.order_of import order_of


@dataclass(frozen=True, slots=True)
class PreviewMessage:
    """Fills a template in."""

    orders: OrdersTable
    draft_message: DraftMessage

    def __call__(
        self, caller: Caller, order_id: str, template: Template, refund_id: str
    ) -> tuple[Draft, list[str]]:
        """Return the message, and the codes of what sending it would be refused with now.

        Raises:
            RefundError: There is no such order or refund, or the template does not fit.
            BusyError: The mail service does not answer.
        """
        record = order_of(self.orders, caller, order_id)
        draft = self.draft_message(record, template, refund_id)
        return draft, [refusal.code for refusal in self.draft_message.obstacles(draft)]
