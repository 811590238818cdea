"""Patterns among refunds: the counts of each key, and the outliers."""

from dataclasses import dataclass

from shared.domain.attribution import By, Key
from shared.domain.local_days import LocalDays
from shared.domain.outliers import Outliers
from shared.domain.refund_counts import Count

# A studio has thousands of subjects. The answer has the keys with the most refunds.
MOST_PATTERNS = 200

# A refund has these two. An order has the others.
OF_DECISIONS = frozenset({By.REASON, By.PROCESSED_BY})

type Names = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Pattern:
    """The counts of one key. Amounts are in minor units.

    ``base_orders`` were placed in the range. ``refunded_orders`` of them were refunded in it for
    this key. ``orders`` have this key, or were refunded for it if the key is a reason or operator.
    """

    key: Key
    refund_count: int
    refunded_amount: int
    orders: int
    refunded_orders: int
    base_orders: int


@dataclass(frozen=True, slots=True)
class Patterns:
    """A studio's patterns, the keys with the most refunds first, and the outliers.

    ``names`` has the names of the keys with refunds. ``before`` is the earlier time that the range
    was compared with. It is None if the range's other orders were.
    """

    by: By
    days: LocalDays
    currency: str
    count: Count
    patterns: list[Pattern]
    truncated: bool
    findings: Outliers
    names: Names
    before: LocalDays | None = None


def patterns_of(by: By, count: Count) -> list[Pattern]:
    """Return the pattern of each key with refunds, those with the most refunds first."""
    decided = by in OF_DECISIONS
    found = []
    for key, tally in count.tallies.items():
        if tally.refund_count:
            orders = count.orders_of[key]
            found.append(
                Pattern(
                    key,
                    tally.refund_count,
                    tally.refunded_amount,
                    tally.orders_behind if decided else orders,
                    tally.refunded_orders,
                    count.orders if decided else orders,
                )
            )
    return sorted(found, key=lambda it: (-it.refund_count, -it.refunded_amount, it.key or ""))
