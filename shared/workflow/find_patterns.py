"""Counting a studio's refunds by key while they are read, at once or in the background."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import batched
from typing import Protocol

from shared.clock import rfc3339
from shared.domain.attribution import (
    OF_LINES,
    By,
    Part,
    Shares,
    attribute,
    keys_of,
    names_of,
    parts_of,
)
from shared.domain.imported_order import ImportedOrder, OrderContents
from shared.domain.ledger import EntryKind
from shared.domain.local_days import LocalDays
from shared.domain.order import OrderKey
from shared.domain.outliers import find_outliers
from shared.domain.patterns import MOST_PATTERNS, OF_DECISIONS, Names, Patterns, patterns_of
from shared.domain.refund import RefundKey, RefundType
from shared.domain.refund_counts import Count
from shared.domain.report import LATE_FAILURE
from shared.domain.studio import Studio
from shared.gateways.order_lists import OrderLists
from shared.gateways.orders_table import OrdersTable
from shared.gateways.people import People
from shared.gateways.settled_refunds import SettledRefund, SettledRefunds

_ORDERS_PER_READ = 1_000

# Which attributes of an order are read. There may be a million orders.
_ALWAYS_READ = ("order_id", "charge.charge_id")
_LINES = ("subjects", "products", "shipping_amount", "shipping_tax_amount")
_ATTRIBUTES: Mapping[By, tuple[str, ...]] = {
    By.SUBJECT: _LINES,
    By.PRODUCT: _LINES,
    By.PHOTO_DAY: ("photo_day",),
    By.REASON: (),
    By.PROCESSED_BY: (),
}


class ReadGuard(Protocol):
    """Where a caller of ``FindPatterns`` counts what is read, and stops it."""

    def __call__[Read](self, found: Iterable[Read], /) -> Iterator[Read]:
        """Yield what is read. Raise an error to stop."""


# Refunds that settled and have not failed since.
type RefundsByOrder = dict[str, list[SettledRefund]]


@dataclass(frozen=True, slots=True)
class FindPatterns:
    """Counts a studio's refunds by key while it reads them, and finds the outliers.

    A refund counts on the day it settled, and does not count once it has failed. A subject,
    product or photo day is compared with the studio's other orders of the range. A reason or
    operator is compared with the time before, because an unrefunded order has neither.

    An order is forgotten once it was counted. So the memory grows with the keys and the refunds,
    and not with the orders.
    """

    lists: OrderLists
    orders: OrdersTable
    settled: SettledRefunds
    people: People

    def __call__(self, studio: Studio, by: By, days: LocalDays, guard: ReadGuard) -> Patterns:
        """Return the patterns of a studio's refunds.

        Args:
            studio: The studio.
            by: What to count by.
            days: The days, in the studio's time zone.
            guard: Every order and refund that is read goes through it.
        """
        reading = _Reading(self, studio.studio_id, by, guard)
        names: Names = {}
        before = None
        if by in OF_DECISIONS:
            before = days.before()
            count = _count_decisions(reading, days)
            comparisons = count.compared_with(_count_decisions(reading, before))
            if by is By.PROCESSED_BY:
                names = dict(self.people.names(studio.studio_id, count.tallies))
        else:
            count, names = _count_ordered(reading, days)
            comparisons = count.compared_with_other_orders()
        patterns = patterns_of(by, count)
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
    """What one count reads."""

    source: FindPatterns
    studio_id: str
    by: By
    guard: ReadGuard

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
        return (order for order in self.guard(found) if order.charge.charge_id is not None)

    def refunds(self, days: LocalDays) -> "RefundsByOrder":
        """Read the refunds that settled on these days and have not failed since."""
        start, end = rfc3339(days.start), rfc3339(days.end)
        until = rfc3339(days.end + LATE_FAILURE)
        found = self.source.settled.refunds(self.studio_id, start, until)
        settled: dict[str, SettledRefund] = {}
        failed = set()
        for entry in self.guard(found):
            if entry.kind is EntryKind.REFUND_FAILED:
                failed.add(entry.refund_id)
            elif entry.settled_at < end:
                settled[entry.refund_id] = entry
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
            for refund in self.guard(self.source.orders.read_refunds(keys))
        }

    def imported(self, order_ids: Iterable[str]) -> dict[str, ImportedOrder]:
        """Read these orders. Erased ones are left out."""
        return self.source.lists.read_imported(self.studio_id, self.guard(order_ids))


def _count_ordered(reading: _Reading, days: LocalDays) -> tuple[Count, Names]:
    """Count refunds by what was ordered. Return the names of the keys too."""
    by, count = reading.by, Count()
    names: Names = {}
    refunds = reading.refunds(days)
    returned = reading.returned(refunds) if by in OF_LINES else {}

    def shares(parts: list[Part], mine: list[SettledRefund]) -> list[Shares]:
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


def _decisions(by: By, refunds: list[SettledRefund]) -> list[Shares]:
    return [
        {each.reason if by is By.REASON else each.processed_by: each.amount} for each in refunds
    ]
