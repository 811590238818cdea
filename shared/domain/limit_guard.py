"""A guard: the orders of a studio whose refunds in flight count against its negative limit."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

# A guard is one item, and each request reads the states of its orders.
MOST_ORDERS = 500


class GuardFullError(Exception):
    """Refunds of too many orders are in flight. Some must end before another can begin."""


@dataclass(frozen=True, slots=True)
class LimitGuard:
    """The orders that may have refunds in flight.

    Only studios that refuse refunds beyond their limit have one. A request replaces it in the
    transaction that reserves its money, under the guard's version. So of two requests at the same
    time one reads again, and then sees the other's reservation.
    """

    studio_id: str
    order_ids: tuple[str, ...] = ()
    version: int = 0

    def with_order(self, order_id: str, in_flight: Iterable[str]) -> "LimitGuard":
        """Return it with an order, and without those that have no refund in flight any more.

        Args:
            order_id: The order that a refund is requested of.
            in_flight: The orders of the guard that still have refunds in flight.

        Raises:
            GuardFullError: It would have more than ``MOST_ORDERS``.
        """
        order_ids = tuple(sorted({*in_flight, order_id}))
        if len(order_ids) > MOST_ORDERS:
            raise GuardFullError(self.studio_id)
        return replace(self, order_ids=order_ids)
