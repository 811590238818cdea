"""Counting refunds by key, and the orders behind them, one order at a time."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from functions.refund_report.attribution import Key, Shares
from functions.refund_report.outliers import Comparison


@dataclass(slots=True)
class Tally:
    """What is counted of a key; the amount in minor units.

    ``orders_behind`` are those with such a refund, whenever they were placed, and
    ``refunded_orders`` those of them that were placed in the range. ``touched_orders`` were placed
    in the range, have the key, and were refunded for whatever key.
    """

    refund_count: int = 0
    refunded_amount: int = 0
    orders_behind: int = 0
    refunded_orders: int = 0
    touched_orders: int = 0


_NOTHING = Tally()


@dataclass(slots=True)
class Count:
    """What is counted of a studio's refunds in a range of days.

    ``orders`` were placed in the range, and ``refunded_orders`` of them refunded in it too;
    ``refund_count`` and ``refunded_amount`` are of all refunds in the range. ``orders_of`` has
    the orders placed in the range by each of their keys, ``tallies`` only keys with refunds.
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
            refunds: What of each of its refunds belongs to each key.
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
        """Count the refunds of one order, whenever it was placed; return the keys they have."""
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

    def against_the_others(self) -> Iterator[Comparison]:
        """Hold the orders of each key against all that do not have it."""
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

    def against(self, before: "Count") -> Iterator[Comparison]:
        """Hold this range's orders against another's, for each key of a refund in either."""
        for key in self.tallies.keys() | before.tallies.keys():
            if key is not None:
                yield Comparison(
                    key,
                    self.tallies.get(key, _NOTHING).refunded_orders,
                    self.orders,
                    before.tallies.get(key, _NOTHING).refunded_orders,
                    before.orders,
                )
