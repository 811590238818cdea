"""Counting refunds and their orders by key, one order at a time."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from shared.domain.attribution import Key, Shares
from shared.domain.outliers import Comparison


@dataclass(slots=True)
class Tally:
    """The counts of one key. The amount is in minor units.

    ``orders_behind`` have a refund with this key, no matter when they were placed.
    ``refunded_orders`` are those among them that were placed in the range. ``touched_orders`` were
    placed in the range, have this key, and have a refund with any key.
    """

    refund_count: int = 0
    refunded_amount: int = 0
    orders_behind: int = 0
    refunded_orders: int = 0
    touched_orders: int = 0


_NOTHING = Tally()


@dataclass(slots=True)
class Count:
    """The counts of a studio's orders and refunds in a range of days.

    ``orders`` were placed in the range. ``refunded_orders`` were placed and refunded in it.
    ``refund_count`` and ``refunded_amount`` cover all refunds in the range. ``orders_of`` counts
    the orders placed in the range by key. ``tallies`` has the keys with refunds.
    """

    orders: int = 0
    refunded_orders: int = 0
    refund_count: int = 0
    refunded_amount: int = 0
    orders_of: Counter[Key] = field(default_factory=Counter)
    tallies: dict[Key, Tally] = field(default_factory=lambda: defaultdict(Tally))

    def add_order(self, keys: Collection[Key], refunds: list[Shares]) -> None:
        """Count an order that was placed in the range.

        Args:
            keys: The order's own keys, each once.
            refunds: How much of each of its refunds belongs to each key.
        """
        self.orders += 1
        self.orders_of.update(keys)
        if not refunds:
            return
        self.refunded_orders += 1
        for key in keys:
            self.tallies[key].touched_orders += 1
        for key in self.add_refunds(refunds):
            self.tallies[key].refunded_orders += 1

    def add_refunds(self, refunds: list[Shares]) -> set[Key]:
        """Count the refunds of one order, placed at any time. Return the keys of these refunds."""
        for shares in refunds:
            self.refund_count += 1
            self.refunded_amount += sum(shares.values())
            for key, amount in shares.items():
                self.tallies[key].refund_count += 1
                self.tallies[key].refunded_amount += amount
        keys = {key for shares in refunds for key in shares}
        for key in keys:
            self.tallies[key].orders_behind += 1
        return keys

    def compared_with_other_orders(self) -> Iterator[Comparison]:
        """Compare the orders of each key with all orders that do not have it."""
        for key, orders in self.orders_of.items():
            if key is not None:
                tally = self.tallies.get(key, _NOTHING)
                yield Comparison(
                    key,
                    tally.refunded_orders,
                    orders,
                    self.refunded_orders - tally.touched_orders,
                    self.orders - orders,
                )

    def compared_with(self, before: "Count") -> Iterator[Comparison]:
        """Compare this range's orders with an earlier range's, for each key with refunds."""
        for key in self.tallies.keys() | before.tallies.keys():
            if key is not None:
                yield Comparison(
                    key,
                    self.tallies.get(key, _NOTHING).refunded_orders,
                    self.orders,
                    before.tallies.get(key, _NOTHING).refunded_orders,
                    before.orders,
                )
