"""Work that was interrupted, and when it is due."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.domain.order import OrderKey

# In place of a refund's id: the order's application fee refund, and the order's charge.
FEE_REFUND = "fee_refund"
CHARGE = "charge"


@dataclass(frozen=True, slots=True)
class DueWork:
    """A piece of open work.

    Attributes:
        due_at: When it is due, RFC 3339 in UTC.
        order: The order that it belongs to.
        task: A refund's id, ``FEE_REFUND`` or ``CHARGE``.
    """

    due_at: str
    order: OrderKey
    task: str


def fair_share(works: Iterable[DueWork], *, of_studio: int, of_all: int) -> Iterator[DueWork]:
    """Yield the work of one round: the first of each studio, up to a limit in all.

    Args:
        works: What is due, the longest overdue first.
        of_studio: How many pieces of one studio at most.
        of_all: How many pieces at most.
    """
    left, taken = of_all, Counter[str]()
    for work in works:
        if taken[work.order.studio_id] < of_studio:
            taken[work.order.studio_id] += 1
            left -= 1
            yield work
        if not left:
            return
