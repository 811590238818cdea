"""Reading an order's charge at Stripe while a caller waits."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.errors import BusyError, StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.order import OrderKey
from shared.domain.payment_status import UNSETTLED_PAYMENTS
from shared.edge.auth import Caller
from shared.edge.observability import count, logger
from shared.gateways.conflict import StaleStateError
from shared.gateways.orders_table import OrderRecord, OrdersTable
from shared.gateways.queues import ChargeQueue
from shared.workflow.load_callers_order import load_callers_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.workflow.verify_charge import VerifyCharge

# A request has 28 s. After this time too little is left to send a refund.
_SLOW_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ChargeReader:
    """Has a charge read at once. If Stripe does not answer, the charge queue does it later.

    Attributes:
        verifier: Makes what reads a charge. Few requests need it.
    """

    orders: OrdersTable
    verifier: "Callable[[], VerifyCharge]"
    queue: ChargeQueue

    def load_order(self, caller: Caller, order_id: str) -> OrderRecord:
        """Return an order of the caller's studio. If it is not known to be paid, ask Stripe first.

        Raises:
            OrderNotFoundError: The caller's studio has no such order.
            BusyError: Stripe took so long that no time is left for a refund.
        """
        record = load_callers_order(self.orders, caller, order_id)
        if record.state.payment_status not in UNSETTLED_PAYMENTS:
            return record
        began = time.monotonic()
        self.follow(record.state.key)
        if time.monotonic() - began > _SLOW_SECONDS:
            raise BusyError(
                "Stripe is slow to answer. Nothing was refunded. Send the request again with the "
                "same Idempotency-Key."
            )
        return load_callers_order(self.orders, caller, order_id)

    def follow(self, order: OrderKey) -> None:
        """Read the charge, and make the books say what Stripe says."""
        try:
            outcome = self.verifier()(order)
        except (StripeRefusedError, StripeOutcomeUnknownError, StaleStateError) as reason:
            logger.warning("charge not read yet", reason=str(reason) or type(reason).__name__)
            self.follow_later(order)
            return
        count(outcome.value)

    def follow_later(self, order: OrderKey) -> None:
        """Have the charge read by the charge queue."""
        self.queue.announce(order)
