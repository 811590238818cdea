"""What the caller can do with an order now, by the rules that a request would meet."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.domain.errors import (
    DomainError,
    NoEmailAddressError,
    NothingToWriteAboutError,
    RefundLimitError,
)
from shared.domain.fulfillment import require_cancelable
from shared.domain.mail_address import mail_address
from shared.domain.refund_quote import require_refundable
from shared.domain.stops import Stops
from shared.edge.auth import Action, Caller
from shared.gateways.orders_table import OrderRecord


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether an action is allowed now. If not, ``refusal`` is what a request would get."""

    refusal: DomainError | None = None

    @property
    def allowed(self) -> bool:
        """Whether the action is allowed now."""
        return self.refusal is None


@dataclass(frozen=True, slots=True)
class OfferedActions:
    """What the caller can do with an order.

    ``refund_max_amount`` is the most that the caller may refund of it now, in minor units.
    """

    refund: Offer
    refund_max_amount: int
    cancel_fulfillment: Offer
    send_message: Offer


def offered_actions(
    caller: Caller, record: OrderRecord, limit: int | None, stops: Stops
) -> OfferedActions:
    """Return what the caller can do with an order.

    Args:
        caller: Who looks at it.
        record: The order.
        limit: The most that the caller may refund of one order, in minor units; None is no limit.
        stops: What PPS has stopped.
    """
    order, state = record.order, record.state
    within_limit = state.refundable_amount
    if limit is not None:
        within_limit = max(0, min(within_limit, limit - state.committed_amount))
    refund = _offer(
        lambda: caller.require(Action.REQUEST_REFUND),
        lambda: stops.require_refunds(order.studio_id),
        lambda: require_refundable(order, state),
        lambda: _require_limit_left(within_limit),
    )
    return OfferedActions(
        refund=refund,
        refund_max_amount=within_limit if refund.allowed else 0,
        cancel_fulfillment=_offer(
            lambda: caller.require(Action.CANCEL_FULFILLMENT), lambda: require_cancelable(state)
        ),
        send_message=_offer(
            lambda: caller.require(Action.SEND_MESSAGE),
            lambda: stops.require_messages(order.studio_id),
            lambda: _require_reason_to_write(record),
        ),
    )


def _offer(*checks: Callable[[], None]) -> Offer:
    try:
        for check in checks:
            check()
    except DomainError as refusal:
        return Offer(refusal)
    return Offer()


def _require_limit_left(within_limit: int) -> None:
    if within_limit <= 0:
        raise RefundLimitError(
            "The refunds of this order have reached what your role may refund of one order. Ask "
            "your studio's owner."
        )


def _require_reason_to_write(record: OrderRecord) -> None:
    if not record.refunds:
        raise NothingToWriteAboutError("There is no refund to write about yet.")
    if mail_address(record.imported.parent.email or "") is None:
        raise NoEmailAddressError
