"""The refund of an application fee: how PPS gives back its rev share of a direct charge.

Settlement sets the target. Each refund of the fee stores its key and amount before Stripe is
called. Stripe cannot undo a fee refund, so the target only grows.
https://docs.stripe.com/api/fee_refunds/create
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from shared.domain.order import OrderKey, OrderState


@dataclass(frozen=True, slots=True)
class FeeRefund:
    """How much of one order's application fee must be refunded, and how much has been.

    Amounts in minor units. ``in_flight_amount`` is the amount of attempt number ``attempt``, or 0
    if no attempt is under way. ``attempt_at`` is when it began, RFC 3339 in UTC.
    """

    order_id: str
    studio_id: str
    application_fee_id: str
    target_amount: int = 0
    refunded_amount: int = 0
    in_flight_amount: int = 0
    attempt: int = 0
    attempt_at: str | None = None
    next_poll_at: str | None = None
    poll_count: int = 0
    version: int = 0
    correlation_id: str = ""

    @property
    def order_key(self) -> OrderKey:
        """The studio's id and the order's id, which together identify the order."""
        return OrderKey(self.studio_id, self.order_id)

    @property
    def is_open(self) -> bool:
        """Whether the fee still has to be refunded."""
        return self.in_flight_amount > 0 or self.refunded_amount < self.target_amount

    @property
    def idempotency_key(self) -> str:
        """Stripe's idempotency key of the current attempt."""
        return f"{self.studio_id}:{self.order_id}:fee:{self.attempt}"

    def with_new_attempt(
        self, amount: int, at: str, used: Collection[str | None] = ()
    ) -> "FeeRefund":
        """Return it with a new attempt under way.

        Args:
            amount: In minor units.
            at: Now, RFC 3339 in UTC.
            used: Keys under which Stripe has refunds. After a restore, our tables may have lost
                such an attempt. Under its key Stripe would refund nothing and report success.
        """
        new = replace(self, in_flight_amount=amount, attempt=self.attempt + 1, attempt_at=at)
        while new.idempotency_key in used:
            new = replace(new, attempt=new.attempt + 1)
        return new

    def with_target(
        self, target_amount: int, next_poll_at: str, correlation_id: str
    ) -> "FeeRefund":
        """Return it with a higher target, to be polled from now on.

        Args:
            target_amount: In minor units.
            next_poll_at: When it is looked at if the message is lost, RFC 3339 in UTC.
            correlation_id: What raised the target.
        """
        return replace(
            self,
            target_amount=target_amount,
            next_poll_at=next_poll_at,
            poll_count=0,
            correlation_id=correlation_id,
        )

    def with_refunded(self, refunded_amount: int) -> "FeeRefund":
        """Return it with no attempt under way and the amount that Stripe has refunded."""
        return replace(self, refunded_amount=refunded_amount, in_flight_amount=0)


def with_target_of(
    state: OrderState, known: FeeRefund | None, next_poll_at: str, correlation_id: str
) -> FeeRefund | None:
    """Return the refund of an order's application fee with the order's target, or a new one.

    None if the order has no application fee.

    Args:
        state: The order's state with its new target.
        known: The fee's refund until now, or None if there is none.
        next_poll_at: When it is looked at if the message is lost, RFC 3339 in UTC.
        correlation_id: What raised the target.
    """
    if state.application_fee_id is None:
        return None
    fee_refund = known or FeeRefund(state.order_id, state.studio_id, state.application_fee_id)
    return fee_refund.with_target(state.fee_refund_target_amount, next_poll_at, correlation_id)
