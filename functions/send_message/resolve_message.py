"""Recording whether a message with an unknown outcome reached the parent."""

from dataclasses import dataclass

from shared.clock import Clock, rfc3339
from shared.domain.errors import BusyError, MessageNotFoundError
from shared.domain.message import Message, MessageOutcome
from shared.domain.order import OrderKey
from shared.edge.auth import Caller
from shared.edge.observability import logger
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.messages import Messages
from shared.gateways.orders_table import OrdersTable
from shared.workflow.load_callers_order import load_callers_order

_CONTENTION_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class ResolveMessage:
    """Records whether the parent received a message."""

    orders: OrdersTable
    messages: Messages
    clock: Clock

    def __call__(
        self, caller: Caller, order_id: str, message_id: str, outcome: MessageOutcome
    ) -> Message:
        """Record the outcome and return the message. A repeat changes nothing.

        Raises:
            OrderNotFoundError, MessageNotFoundError: This studio has no such order or message.
            MessageOutcomeKnownError: The message's outcome is known, or may be in a moment.
            BusyError: Others keep changing this message. Nothing was recorded.
        """
        logger.append_keys(order_id=order_id, message_id=message_id)
        for _ in tries(_CONTENTION_SECONDS):
            load_callers_order(self.orders, caller, order_id)
            message = self.messages.get(OrderKey(caller.studio_id, order_id), message_id)
            if message is None:
                raise MessageNotFoundError("This order has no such message.")
            now = self.clock()
            resolved = message.resolved(outcome, now, rfc3339(now), caller.user)
            if resolved == message:
                return message
            try:
                return self.messages.record_outcome(resolved)
            except StaleStateError:
                continue
        raise BusyError("Others are changing this message. Send the request again in a moment.")
