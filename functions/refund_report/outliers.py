"""What stands out among many refund rates, and what chance alone would make as well.

Each key's orders are held against other orders in a table of two rows:

    =========  ========  ==================
               refunded  orders
    the key    x         n
    others     y         N - n
    =========  ========  ==================

If the key made no difference, the x + y refunded orders would lie anywhere among the N, and x
would be hypergeometric. Its upper tail from x on is how often chance alone does as much: Fisher's
exact test, one-sided, right for small numbers and large.
https://en.wikipedia.org/wiki/Fisher%27s_exact_test

Who looks at many keys finds some that are unlikely. So the chances are multiplied up by Holm's
procedure, which keeps the probability of even one false alarm in a report below ``LEVEL``, however
the keys hang together. https://en.wikipedia.org/wiki/Holm%E2%80%93Bonferroni_method
Keys that could not stand out even if all their orders were refunded are not counted as looked at:
thousands of subjects with an order each would otherwise drown the one with five. That looks at how
many orders there are and not at which were refunded, so it costs nothing (Tarone 1990,
https://doi.org/10.2307/2531456).
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from math import exp, lgamma, log

# How often a report of which nothing is to be said may say something all the same.
LEVEL = 0.01

# One order can always be an accident.
MIN_REFUNDED_ORDERS = 2

# Among very many orders a difference that does not matter is no accident either.
MIN_TIMES_AS_OFTEN = 2

# Where the tail's next term no longer changes the sum of a float.
_NEGLIGIBLE = 1e-17


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many orders of a key were refunded, and how many of the others.

    ``refunded_orders`` of ``orders`` have the key; of ``other_orders``, which do not,
    ``other_refunded_orders`` were refunded.
    """

    key: str
    refunded_orders: int
    orders: int
    other_refunded_orders: int
    other_orders: int

    @property
    def matters(self) -> bool:
        """Whether the difference would matter, if it is no accident."""
        often = self.refunded_orders * self.other_orders
        rarely = self.other_refunded_orders * self.orders
        return self.refunded_orders >= MIN_REFUNDED_ORDERS and often >= MIN_TIMES_AS_OFTEN * rarely


@dataclass(frozen=True, slots=True)
class Outlier:
    """A key that stands out.

    ``p_value`` is adjusted: how often chance alone would make a report in which any key stands
    out as much.
    """

    comparison: Comparison
    p_value: float


@dataclass(frozen=True, slots=True)
class Outliers:
    """What stands out, the least likely first, and among how many keys it was looked for."""

    found: list[Outlier]
    tested: int


def find_outliers(comparisons: Iterable[Comparison]) -> Outliers:
    """Return the keys whose orders are refunded more often than chance explains.

    Args:
        comparisons: One for each key there is, those without refunds included.
    """
    tested = could_stand_out(comparisons)
    # Of a difference that would not matter nothing is said; 1 is a chance that says nothing.
    chances = [chance_of(each) if each.matters else 1.0 for each in tested]
    pairs = zip(tested, holm(chances), strict=True)
    found = [Outlier(each, p_value) for each, p_value in pairs if p_value < LEVEL]
    found.sort(key=lambda finding: (finding.p_value, finding.comparison.key))
    return Outliers(found, len(tested))


def chance_of(comparison: Comparison) -> float:
    """Return how likely chance alone is to put as many refunded orders on the key, or more."""
    total, refunded = _margins(comparison)
    return _upper_tail(total, refunded, comparison.orders, comparison.refunded_orders)


def could_stand_out(comparisons: Iterable[Comparison], level: float = LEVEL) -> list[Comparison]:
    """Return the comparisons that could come out below the level after correcting for them all.

    Finds the smallest k such that at most k comparisons can get below ``level / k``.
    """
    able = [(_least_chance(each), each) for each in comparisons if _could_matter(each)]
    least = sorted(chance for chance, _ in able)
    k = next(k for k in count(1) if bisect_right(least, level / k) <= k)
    return [each for chance, each in able if chance <= level / k]


def holm(chances: list[float]) -> list[float]:
    """Return the chances adjusted for there being several, in the same order.

    That any of those which are due to chance comes out below a level is no likelier than the level.
    """
    adjusted = [1.0] * len(chances)
    highest = 0.0
    for rank, at in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        highest = max(highest, min(1.0, (len(chances) - rank) * chances[at]))
        adjusted[at] = highest
    return adjusted


def _margins(comparison: Comparison) -> tuple[int, int]:
    """Return how many orders there are in all, and how many of them were refunded."""
    return (
        comparison.orders + comparison.other_orders,
        comparison.refunded_orders + comparison.other_refunded_orders,
    )


def _could_matter(comparison: Comparison) -> bool:
    return min(comparison.orders, _margins(comparison)[1]) >= MIN_REFUNDED_ORDERS


def _least_chance(comparison: Comparison) -> float:
    """Return the chance if as many refunds as possible were the key's: no table has a lower one."""
    total, refunded = _margins(comparison)
    return _least_tail(total, refunded, comparison.orders)


@lru_cache(maxsize=4096)  # most keys have as many orders as some other key
def _least_tail(total: int, refunded: int, orders: int) -> float:
    return _upper_tail(total, refunded, orders, min(refunded, orders))


def _upper_tail(total: int, marked: int, drawn: int, seen: int) -> float:
    """Return P(X >= seen) of ``drawn`` from ``total``, of which ``marked`` are marked.

    Summed from the end that is nearer, where every term is smaller than the one before.
    """
    if seen <= max(0, drawn + marked - total):
        return 1.0
    if seen * total > drawn * marked:
        return _tail(total, marked, drawn, seen)
    # As many not marked among those drawn: the lower tail is the upper one of the others.
    return max(0.0, 1.0 - _tail(total, total - marked, drawn, drawn - seen + 1))


def _tail(total: int, marked: int, drawn: int, seen: int) -> float:
    """Return P(X >= seen) for a ``seen`` above the mean: its terms fall from the first one on."""
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
    """Return the logarithm of the binomial coefficient.

    To nine digits among a million orders, which is more than a chance is worth.
    """
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
