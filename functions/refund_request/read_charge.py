"""Reading an order's charge at Stripe while a caller waits."""

from dataclasses import dataclass

from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.order import OrderKey
from shared.domain.payment_status import UNSETTLED_PAYMENTS
from shared.edge.auth import Caller
from shared.edge.observability import count, logger
from shared.gateways.conflict import StaleStateError
from shared.gateways.orders_table import OrderRecord, OrdersTable
from shared.gateways.queues import ChargeQueue
from shared.workflow.load_callers_order import load_callers_order
from shared.workflow.verify_charge import VerifyCharge


@dataclass(frozen=True, slots=True)
class ChargeReader:
    """Has a charge read at once. If Stripe does not answer, the charge queue does it later."""

    orders: OrdersTable
    verify_charge: VerifyCharge
    queue: ChargeQueue

    def load_order(self, caller: Caller, order_id: str) -> OrderRecord:
        """Return an order of the caller's studio. If it is not known to be paid, ask Stripe first.

        Raises:
            OrderNotFoundError: The caller's studio has no such order.
        """
        record = load_callers_order(self.orders, caller, order_id)
        if record.state.payment_status not in UNSETTLED_PAYMENTS:
            return record
        self.follow(record.state.key)
        return load_callers_order(self.orders, caller, order_id)

    def follow(self, order: OrderKey) -> None:
        """Read the charge, and make the books say what Stripe says."""
        try:
            outcome = self.verify_charge(order)
        except (StripeRefusedError, StripeOutcomeUnknownError, StaleStateError) as reason:
            logger.warning("charge not read yet", reason=str(reason) or type(reason).__name__)
            self.queue.announce(order)
            return
        count(outcome.value)
