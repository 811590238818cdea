"""Finding outliers among many refund rates: the keys that chance does not explain.

Each key's orders are compared with other orders in a table of two rows:

    =========  ========  ==================
               refunded  orders
    the key    x         n
    others     y         N - n
    =========  ========  ==================

If the key made no difference, the x + y refunded orders would be spread at random over all N, and
x would follow the hypergeometric distribution. The probability of x or more is the p-value:
Fisher's exact test, one-sided, which is exact for small and large numbers.
https://en.wikipedia.org/wiki/Fisher%27s_exact_test

Among many keys, chance makes some look unlikely. Holm's procedure corrects the p-values for the
number of tested keys. It keeps the probability of even one false alarm in a report below ``LEVEL``,
also if the keys depend on each other. https://en.wikipedia.org/wiki/Holm%E2%80%93Bonferroni_method
A key is not tested if it could not be an outlier even with all its orders refunded. Otherwise
thousands of subjects with one order each would hide the subject with five. This choice depends
only on the totals, not on which orders were refunded, so it needs no correction of its own
(Tarone 1990, https://doi.org/10.2307/2531456).
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from math import exp, lgamma, log

# How often a report may name an outlier if only chance is at work.
LEVEL = 0.01

# One refunded order can always be chance.
MIN_REFUNDED_ORDERS = 2

# Among very many orders, even a difference too small to matter is not chance.
MIN_TIMES_AS_OFTEN = 2

# A term below this no longer changes the sum.
_NEGLIGIBLE = 1e-17


@dataclass(frozen=True, slots=True)
class Comparison:
    """A key's orders, compared with other orders.

    ``refunded_orders`` of the key's ``orders`` were refunded, and ``other_refunded_orders`` of the
    ``other_orders``.
    """

    key: str
    refunded_orders: int
    orders: int
    other_refunded_orders: int
    other_orders: int

    @property
    def matters(self) -> bool:
        """Whether the difference is large enough to matter."""
        often = self.refunded_orders * self.other_orders
        rarely = self.other_refunded_orders * self.orders
        return self.refunded_orders >= MIN_REFUNDED_ORDERS and often >= MIN_TIMES_AS_OFTEN * rarely


@dataclass(frozen=True, slots=True)
class Outlier:
    """A key that is refunded more often than chance explains.

    ``p_value`` is adjusted: how often chance alone would make a report with any outlier as strong.
    """

    comparison: Comparison
    p_value: float


@dataclass(frozen=True, slots=True)
class Outliers:
    """The outliers, the least likely first, and how many keys were tested."""

    found: list[Outlier]
    tested: int


def find_outliers(comparisons: Iterable[Comparison]) -> Outliers:
    """Return the keys whose orders are refunded more often than chance explains.

    Args:
        comparisons: One for each key, including keys without refunds.
    """
    tested = could_be_outliers(comparisons)
    # A difference that does not matter is not reported: with the p-value 1 it cannot be.
    p_values = [p_value_of(each) if each.matters else 1.0 for each in tested]
    pairs = zip(tested, holm(p_values), strict=True)
    found = [Outlier(each, p_value) for each, p_value in pairs if p_value < LEVEL]
    found.sort(key=lambda finding: (finding.p_value, finding.comparison.key))
    return Outliers(found, len(tested))


def p_value_of(comparison: Comparison) -> float:
    """Return how likely it is that chance alone gives the key so many refunded orders or more."""
    total, refunded = _margins(comparison)
    return _upper_tail(total, refunded, comparison.orders, comparison.refunded_orders)


def could_be_outliers(comparisons: Iterable[Comparison], level: float = LEVEL) -> list[Comparison]:
    """Return the comparisons whose corrected p-value could be below the level.

    Finds the smallest k such that at most k comparisons can get below ``level / k``.
    """
    candidates = [(_least_p_value(each), each) for each in comparisons if _could_matter(each)]
    least = sorted(p_value for p_value, _ in candidates)
    k = next(k for k in count(1) if bisect_right(least, level / k) <= k)
    return [each for p_value, each in candidates if p_value <= level / k]


def holm(p_values: list[float]) -> list[float]:
    """Return the p-values corrected for their number, in the same order.

    The probability that chance brings any corrected p-value below a level is at most that level.
    """
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = highest
    return adjusted


def _margins(comparison: Comparison) -> tuple[int, int]:
    """Return how many orders there are in total, and how many of them were refunded."""
    return (
        comparison.orders + comparison.other_orders,
        comparison.refunded_orders + comparison.other_refunded_orders,
    )


def _could_matter(comparison: Comparison) -> bool:
    return min(comparison.orders, _margins(comparison)[1]) >= MIN_REFUNDED_ORDERS


def _least_p_value(comparison: Comparison) -> float:
    """Return the p-value if as many refunds as possible were the key's. It cannot be lower."""
    total, refunded = _margins(comparison)
    return _least_tail(total, refunded, comparison.orders)


@lru_cache(maxsize=4096)  # most keys have as many orders as some other key
def _least_tail(total: int, refunded: int, orders: int) -> float:
    return _upper_tail(total, refunded, orders, min(refunded, orders))


def _upper_tail(total: int, marked: int, drawn: int, seen: int) -> float:
    """Return P(X >= seen), with X the marked ones among ``drawn`` from ``total``.

    The nearer tail is summed, where each term is smaller than the one before.
    """
    if seen <= max(0, drawn + marked - total):
        return 1.0
    if seen * total > drawn * marked:
        return _tail(total, marked, drawn, seen)
    # The lower tail of the marked ones is the upper tail of the unmarked ones.
    return max(0.0, 1.0 - _tail(total, total - marked, drawn, drawn - seen + 1))


def _tail(total: int, marked: int, drawn: int, seen: int) -> float:
    """Return P(X >= seen) for a ``seen`` above the mean, where the terms only decrease."""
    term = relative = 1.0
    for x in range(seen, min(marked, drawn)):
        term *= (marked - x) * (drawn - x) / ((x + 1) * (total - marked - drawn + x + 1))
        relative += term
        if term < _NEGLIGIBLE:
            break
    first = (
        _log_choose(marked, seen)
        + _log_choose(total - marked, drawn - seen)
        - _log_choose(total, drawn)
    )
    return min(1.0, exp(first + log(relative)))


def _log_choose(of: int, chosen: int) -> float:
    """Return the logarithm of the binomial coefficient, to nine digits for a million orders."""
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
