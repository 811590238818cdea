"""Work that was interrupted, and when it is due."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.domain.order import OrderKey

# In place of a refund's id: the order's application fee refund, and the order's charge.
FEE_REFUND = "fee_refund"
CHARGE = "charge"

# Of one studio, a round takes what one worker can do in its five minutes. In all, it takes what
# four workers can do.
MOST_OF_STUDIO = 1_000
MOST_OF_ALL = 4_000


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


def in_turn(*kinds: Iterable[DueWork]) -> Iterator[DueWork]:
    """Yield work of each kind in turn, each kind in its own order.

    So a crowd of one kind, such as the charges of a large import, leaves no other kind waiting.
    """
    waiting = deque(map(iter, kinds))
    while waiting:
        kind = waiting.popleft()
        for work in kind:
            yield work
            waiting.append(kind)
            break


def fair_share(
    works: Iterable[DueWork], *, of_studio: int = MOST_OF_STUDIO, of_all: int = MOST_OF_ALL
) -> Iterator[DueWork]:
    """Yield the work of one round: the first of each studio, up to a limit in all.

    What is left is still due in the next round.

    Args:
        works: What is due, in the order in which it is taken.
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
