"""A studio's print station and its operators, in this process."""

from typing import Any

from functions.print_station.move_print import MovePrint
from functions.print_station.show_queue import QueueQuery, QueueStatus, ShowQueue
from functions.print_station.views import JobView, QueueView, queue_view
from shared.domain.errors import DomainError
from shared.domain.fulfillment import Step
from shared.domain.order import OrderState
from shared.domain.refund import Refund, RefundStatus
from shared.edge.auth import Caller, Role
from shared.gateways.order_lists import OrderLists
from shared.gateways.people import People
from tests.at_once import race
from tests.integration.backend import Backend

# How many operators act at the same moment.
AT_ONCE = 16


class PrintStation:
    """The print station of a backend's studio, and its operators."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.move = MovePrint(backend.orders, backend.clock)
        tables = backend.dynamodb, backend.orders_table
        self.show = ShowQueue(OrderLists(*tables), People(*tables))

    def sell(self, status: str = "queued", **changes: Any) -> str:  # noqa: ANN401  # an import record's fields
        """Import an order whose print has this status; return its id."""
        claimed_by = "op_0" if status in {"claimed", "printed", "shipped"} else None
        fulfillment = {"status": status, "claimed_by": claimed_by}
        return self.backend.sell(fulfillment=fulfillment, **changes)

    def step(self, order_id: str, step: Step, operator: int = 0) -> OrderState:
        """Take a step as an operator."""
        roles = frozenset({Role.PRINT_OPERATOR})
        who = Caller(f"op_{operator}", self.backend.studio_id, roles)
        return self.move(who, order_id, step)

    def race(self, order_id: str, *steps: Step) -> list[OrderState | DomainError]:
        """Take the steps in turn, 16 at the same moment, each as another operator."""
        return race(AT_ONCE, lambda number: self.step(order_id, steps[number % len(steps)], number))

    def page(
        self, limit: int = 100, cursor: str | None = None, status: QueueStatus | None = None
    ) -> QueueView:
        """Return a page of the queue."""
        page = self.show(self.backend.studio_id, QueueQuery(status, limit, cursor))
        return queue_view(page, "op_0")

    def job(self, order_id: str) -> JobView | None:
        """Return the order's job in the queue, or None."""
        return next((job for job in self.page().items if job.order_id == order_id), None)

    def units(self, order_id: str) -> dict[str, int]:
        """Return the units of the order still to print, by line."""
        job = self.job(order_id)
        return {line.line_id: line.quantity for line in job.lines} if job else {}

    def fail(self, refund: Refund) -> None:
        """Make Stripe fail a refund, and deliver its event."""
        self.backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
        self.backend.deliver(self.backend.events()[-1:])
        assert self.backend.current(refund).status is RefundStatus.FAILED


def statuses(state: OrderState) -> list[str]:
    """Return the statuses that the order's print went through."""
    return [step.status for step in state.fulfillment_history]
