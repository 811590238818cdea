"""Patterns among refunds: counts and amounts by key, and the outliers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import batched

from functions.refund_report.count_refunds import Count
from functions.refund_report.deadline import Deadline
from functions.refund_report.outliers import Outliers, find_outliers
from shared.clock import Clock, rfc3339
from shared.domain.attribution import (
    OF_LINES,
    By,
    Key,
    Part,
    Shares,
    attribute,
    keys_of,
    names_of,
    parts_of,
)
from shared.domain.errors import StudioNotFoundError
from shared.domain.imported_order import ImportedOrder, OrderContents
from shared.domain.ledger import EntryKind
from shared.domain.local_days import LocalDays, local_days
from shared.domain.order import OrderKey
from shared.domain.refund import RefundKey, RefundType
from shared.domain.report import LATE_FAILURE
from shared.gateways.order_lists import OrderLists
from shared.gateways.orders_table import OrdersTable
from shared.gateways.people import People
from shared.gateways.settled_refunds import SettledRefund, SettledRefunds
from shared.gateways.studios import Studios

# A studio has thousands of subjects. The answer has the keys with the most refunds.
MOST_PATTERNS = 200

DEFAULT_DAYS = 90

_ORDERS_PER_READ = 1_000

# A refund has these two. An order has the others.
_OF_DECISIONS = frozenset({By.REASON, By.PROCESSED_BY})

# Which attributes of an order are read. There may be a hundred thousand orders.
_ALWAYS_READ = ("order_id", "charge.charge_id")
_LINES = ("subjects", "products", "shipping_amount", "shipping_tax_amount")
_ATTRIBUTES: Mapping[By, tuple[str, ...]] = {
    By.SUBJECT: _LINES,
    By.PRODUCT: _LINES,
    By.PHOTO_DAY: ("photo_day",),
    By.REASON: (),
    By.PROCESSED_BY: (),
}


@dataclass(frozen=True, slots=True)
class EffectiveRefund:
    """A refund that settled and has not failed since. Its amount is in minor units."""

    refund_id: str
    order_id: str
    amount: int
    type: str | None
    reason: str | None
    processed_by: str | None


type RefundsByOrder = dict[str, list[EffectiveRefund]]
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


@dataclass(frozen=True, slots=True)
class FindPatterns:
    """Counts a studio's refunds by key while it reads them, and finds the outliers.

    A refund counts on the day it settled, and does not count once it has failed. A subject,
    product or photo day is compared with the studio's other orders of the range. A reason or
    operator is compared with the time before, because an unrefunded order has neither.
    """

    lists: OrderLists
    orders: OrdersTable
    settled: SettledRefunds
    studios: Studios
    people: People
    clock: Clock

    def __call__(self, studio_id: str, by: By, first: str | None, last: str | None) -> Patterns:
        """Return the patterns of a studio's refunds.

        Args:
            studio_id: The studio's id.
            by: What to count by.
            first: The first day, ``YYYY-MM-DD`` in the studio's time zone, or None.
            last: The last day, or None for today.

        Raises:
            DateRangeError: The days are not a range.
            RangeTooLargeError: The range has too many orders to read before the answer is due.
            StudioNotFoundError: There is no such studio.
        """
        studio = self.studios.get(studio_id)
        if studio is None:
            raise StudioNotFoundError("There is no such studio.")
        days = local_days(first, last, studio.zone, self.clock(), DEFAULT_DAYS)
        reading = _Reading(self, studio_id, by, Deadline.from_now())
        names: Names = {}
        before = None
        if by in _OF_DECISIONS:
            before = days.before()
            count = _count_decisions(reading, days)
            comparisons = count.compared_with(_count_decisions(reading, before))
            if by is By.PROCESSED_BY:
                names = dict(self.people.names(studio_id, count.tallies))
        else:
            count, names = _count_ordered(reading, days)
            comparisons = count.compared_with_other_orders()
        patterns = _patterns(by, count)
        return Patterns(
            by,
            days,
            studio.currency,
            count,
            patterns[:MOST_PATTERNS],
            len(patterns) > MOST_PATTERNS,
            find_outliers(comparisons),
            names,
            before,
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one request reads before its deadline."""

    source: FindPatterns
    studio_id: str
    by: By
    deadline: Deadline

    def orders(self, days: LocalDays) -> Iterator[OrderContents]:
        """Read the orders that were placed on these days and charged.

        An order without a charge cannot be refunded.
        """
        found = self.source.lists.placed_between(
            self.studio_id,
            rfc3339(days.start),
            rfc3339(days.end),
            (*_ALWAYS_READ, *_ATTRIBUTES[self.by]),
        )
        return (
            order for order in self.deadline.in_time(found) if order.charge.charge_id is not None
        )

    def refunds(self, days: LocalDays) -> "RefundsByOrder":
        """Read the refunds that settled on these days and have not failed since."""
        start, end = rfc3339(days.start), rfc3339(days.end)
        until = rfc3339(days.end + LATE_FAILURE)
        found = self.source.settled.refunds(self.studio_id, start, until)
        settled: dict[str, EffectiveRefund] = {}
        failed = set()
        for entry in self.deadline.in_time(found):
            if entry.kind is EntryKind.REFUND_FAILED:
                failed.add(entry.refund_id)
            elif entry.settled_at < end:
                settled[entry.refund_id] = _effective(entry)
        by_order: RefundsByOrder = {}
        for refund in settled.values():
            if refund.refund_id not in failed:
                by_order.setdefault(refund.order_id, []).append(refund)
        return by_order

    def returned(self, refunds: "RefundsByOrder") -> dict[str, dict[str, int]]:
        """Read what each line-item refund took of each line, by refund id."""
        keys = (
            RefundKey(OrderKey(self.studio_id, refund.order_id), refund.refund_id)
            for mine in refunds.values()
            for refund in mine
            if refund.type == RefundType.LINE_ITEMS
        )
        return {
            refund.refund_id: {item.line_id: item.amount for item in refund.items}
            for refund in self.deadline.in_time(self.source.orders.read_refunds(keys))
        }

    def imported(self, order_ids: Iterable[str]) -> dict[str, ImportedOrder]:
        """Read these orders. Erased ones are left out."""
        return self.source.lists.read_imported(self.studio_id, self.deadline.in_time(order_ids))


def _count_ordered(reading: _Reading, days: LocalDays) -> tuple[Count, Names]:
    """Count refunds by what was ordered. Return the names of the keys too."""
    by, count = reading.by, Count()
    names: Names = {}
    refunds = reading.refunds(days)
    returned = reading.returned(refunds) if by in OF_LINES else {}

    def shares(parts: list[Part], mine: list[EffectiveRefund]) -> list[Shares]:
        return [attribute(parts, each.amount, returned.get(each.refund_id)) for each in mine]

    for contents in reading.orders(days):
        parts = parts_of(by, contents)
        mine = refunds.pop(contents.order_id, [])
        count.add_order(keys_of(parts), shares(parts, mine))
        if mine:
            names |= names_of(by, contents)
    # The other refunds are of orders that were placed on other days, or were erased.
    for batch in batched(refunds.items(), _ORDERS_PER_READ, strict=False):
        imported = reading.imported(order_id for order_id, _ in batch)
        for order_id, mine in batch:
            order = imported.get(order_id)
            count.add_refunds(shares(parts_of(by, order) if order else [], mine))
            for key, name in names_of(by, order).items() if order else ():
                names.setdefault(key, name)
    return count, names


def _count_decisions(reading: _Reading, days: LocalDays) -> Count:
    """Count refunds by reason or by operator."""
    count = Count()
    refunds = reading.refunds(days)
    for order in reading.orders(days):
        count.add_order((), _decisions(reading.by, refunds.pop(order.order_id, [])))
    for mine in refunds.values():
        count.add_refunds(_decisions(reading.by, mine))
    return count


def _decisions(by: By, refunds: list[EffectiveRefund]) -> list[Shares]:
    return [
        {each.reason if by is By.REASON else each.processed_by: each.amount} for each in refunds
    ]


def _effective(settled: SettledRefund) -> EffectiveRefund:
    return EffectiveRefund(
        refund_id=settled.refund_id,
        order_id=settled.order_id,
        amount=settled.amount,
        type=settled.type,
        reason=settled.reason,
        processed_by=settled.processed_by,
    )


def _patterns(by: By, count: Count) -> list[Pattern]:
    """Return the pattern of each key with refunds, those with the most refunds first."""
    decided = by in _OF_DECISIONS
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
