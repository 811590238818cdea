"""Moving a print. Operators claim, print and ship it. Staff cancel it."""

from dataclasses import dataclass

from shared.clock import Clock, rfc3339
from shared.domain.errors import BusyError, OrderNotFoundError
from shared.domain.fulfillment import Step, take_step
from shared.domain.order import OrderKey, OrderState
from shared.edge.auth import Caller
from shared.edge.observability import count, logger
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.order_states import OrderStates

# How long a step waits while others change the same order.
_CONTENTION_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class MovePrint:
    """Moves a print one step. If several people try at the same time, one succeeds.

    Each try reads the state, and its write succeeds only if nothing has changed since. The second
    person's next try reads what the first one did, and is refused.
    """

    states: OrderStates
    clock: Clock

    def __call__(self, caller: Caller, order_id: str, step: Step) -> OrderState:
        """Take the step, unless it was taken before, and return the order's state.

        Raises:
            OrderNotFoundError: There is no such order in the caller's studio.
            NothingToPrintError, PrintNotClaimedError, PrintClaimedError, AlreadyPrintedError,
                PrintShippedError, PrintCanceledError: The print's status does not allow the step.
            BusyError: Too many others are changing this order. Nothing was done.
        """
        for _ in tries(_CONTENTION_SECONDS):
            state = self._load_state(caller, order_id)
            moved = take_step(state, step, rfc3339(self.clock()), caller.user)
            if moved is None:
                return state
            try:
                self.states.update_state(moved)
            except StaleStateError:
                continue
            logger.info("print moved", order_id=order_id, status=moved.fulfillment_status)
            count("PrintMoved")
            return moved
        raise BusyError(
            "Others are changing this order. Send the request again in a moment. That is safe."
        )

    def _load_state(self, caller: Caller, order_id: str) -> OrderState:
        """Read the state of an order of the caller's studio."""
        state = self.states.get_state(OrderKey(caller.studio_id, order_id))
        if state is None:
            raise OrderNotFoundError
        return state
