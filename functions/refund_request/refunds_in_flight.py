"""What a studio's refunds in flight will take from its next payout, once they settle."""

from dataclasses import dataclass

from shared.domain.errors import BusyError
from shared.domain.limit_guard import GuardFullError, LimitGuard
from shared.domain.order import OrderState
from shared.domain.settlement import effect_in_flight, payable_effect
from shared.gateways.limit_guards import LimitGuards


@dataclass(frozen=True, slots=True)
class RefundsInFlight:
    """Adds up the refunds that are reserved or made and not in the ledger yet.

    The list of open refunds is read from an index, which lags behind by moments. That is enough
    for a warning. A studio that refuses refunds beyond its limit has a guard as well. It names
    each order with a refund that was requested under the limit, and is never behind.

    A request costs the studio's guard, one page of the index, and the state of each order with
    refunds in flight: half a read unit a kilobyte of the index, and one for each order.
    """

    guards: LimitGuards

    def payable_amount(self, own: OrderState) -> int:
        """Return the effect of all refunds in flight of a studio, in minor units.

        Args:
            own: The order that a refund is asked for.
        """
        order_ids = self.guards.orders_in_flight(own.studio_id) - {own.order_id}
        states = self.guards.states(own.studio_id, order_ids)
        return _effect_in_flight(own) + sum(map(_effect_in_flight, states))

    def guarded(self, own: OrderState) -> tuple[int, LimitGuard]:
        """Return the same from consistent reads, and the guard to write with a reservation.

        The reservation fails if another request has replaced the guard since it was read.

        Raises:
            BusyError: Too many refunds are in flight.
        """
        guard = self.guards.get(own.studio_id)
        listed = self.guards.orders_in_flight(own.studio_id)
        order_ids = {*guard.order_ids, *listed} - {own.order_id}
        stored = self.guards.states(own.studio_id, order_ids)
        states = [each for each in stored if each.in_flight_amount]
        try:
            after = guard.with_order(own.order_id, (each.order_id for each in states))
        except GuardFullError as error:
            raise BusyError(
                "Too many of your studio's refunds are in flight. Send the request again with the "
                "same Idempotency-Key when some of them have settled."
            ) from error
        return _effect_in_flight(own) + sum(map(_effect_in_flight, states)), after


def _effect_in_flight(state: OrderState) -> int:
    return payable_effect(state, effect_in_flight(state))
