"""PPS's own books: to whom the platform's balance at Stripe belongs, to the cent. Pure.

    Stripe's balance  =  owed to studios  +  PPS's own  +  open items

Each movement of Stripe's balance has its other side in a ledger entry of a studio. Both name a
*subject*: the charge, refund, dispute, application fee or payout. What a subject has on one side
and not on the other is an open item. An open item is in transit while its other side may still
come. After that it is a finding. What Stripe moved for PPS alone (payouts to PPS's bank, top-ups,
other fees) is a line of PPS's own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain.platform_line import EntryName, OwnLine, PlatformLine
from shared.domain.platform_movement import PlatformMovement

# How long the other side of an open item may take: an import, a webhook, a queue.
TRANSIT_TIME = timedelta(days=1)
# The books go on in windows of time, none shorter. At first, a window is all that there is.
SHORTEST_WINDOW = timedelta(minutes=1)
_WHOLE_WINDOW = timedelta(days=365 * 100)
# A payout waits for balance that becomes available.
PAYOUT_TRANSIT_TIME = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What a subject has on one side and not on the other; amounts in minor units, signed.

    Attributes:
        subject: The subject.
        currency: The currency of both amounts.
        stripe_amount: What Stripe moved for it.
        books_amount: What the ledger says that Stripe must have moved.
        since: When the last of its movements and entries was made, RFC 3339 in UTC.
        transactions: The movements' ids.
        entries: The entries.
    """

    subject: str
    currency: str
    stripe_amount: int = 0
    books_amount: int = 0
    since: str = ""
    transactions: tuple[str, ...] = ()
    entries: tuple[EntryName, ...] = ()

    @property
    def difference_amount(self) -> int:
        """What Stripe has and the books do not have, or the books have and Stripe does not."""
        return self.stripe_amount - self.books_amount

    def is_in_transit(self, at: datetime) -> bool:
        """Return whether its other side may still come at a time.

        An entry follows what Stripe did. Only a payout, and an application fee's refund, are
        entered first.
        """
        kind = self.subject.partition(":")[0]
        if kind not in {"charge", "refund", "dispute", "fee", "payout"}:
            return False
        if kind in {"charge", "refund", "dispute"} and not self.transactions:
            return False
        if kind == "charge" and self.entries:
            return False
        limit = PAYOUT_TRANSIT_TIME if kind == "payout" else TRANSIT_TIME
        return at - datetime.fromisoformat(self.since) <= limit


@dataclass(frozen=True, slots=True)
class CurrencyBooks:
    """The books of one currency, without the open items; amounts in minor units.

    ``stripe_amount`` is the balance that all movements make, ``owed_amount`` what all entries owe.
    """

    stripe_amount: int = 0
    owed_amount: int = 0
    own: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlatformBooks:
    """PPS's books up to a moment. In each currency, balance = owed + own + open items.

    Attributes:
        began_at: When they began, RFC 3339 in UTC.
        until: What happened before this moment is in them.
        currencies: Each currency's sums.
        open_items: What has one side only, or two that differ.
        window_seconds: How much time a run can add at once.
        watched: The studios whose head was wrong. Their ledgers are read until it is right.
        by_changes: Whether all ledgers were read once. From then on, those that changed suffice.
    """

    began_at: str
    until: str
    currencies: Mapping[str, CurrencyBooks] = field(default_factory=dict)
    open_items: tuple[OpenItem, ...] = ()
    window_seconds: int = int(_WHOLE_WINDOW.total_seconds())
    watched: tuple[str, ...] = ()
    by_changes: bool = False
    version: int = 0

    def next_window(self, until: datetime) -> tuple[datetime, datetime]:
        """Return when the next window begins and ends, which is at a time or before."""
        start = datetime.fromisoformat(self.until)
        longest = timedelta(seconds=self.window_seconds)
        return start, max(start, until if until - start <= longest else start + longest)

    def with_window(self, length: timedelta) -> "PlatformBooks":
        """Return the books with windows of another length, within the limits."""
        length = min(_WHOLE_WINDOW, max(SHORTEST_WINDOW, length))
        return replace(self, window_seconds=int(length.total_seconds()))

    def with_period(
        self, movements: Iterable[PlatformMovement], lines: Iterable[PlatformLine], until: str
    ) -> "PlatformBooks":
        """Return the books with all that happened since, up to a new moment."""
        period = _Period(self)
        for movement in movements:
            period.add_movement(movement)
        for line in lines:
            period.add_line(line)
        return period.closed(until)

    @classmethod
    def beginning(
        cls, at: str, stripe: Mapping[str, int], owed: Mapping[str, int]
    ) -> "PlatformBooks":
        """Return books that begin with both balances of a moment. What PPS did not owe was its own.

        Args:
            at: The moment, RFC 3339 in UTC.
            stripe: Stripe's balance then, by currency.
            owed: What PPS owed then, by currency.
        """
        sums = {}
        for currency in sorted(stripe.keys() | owed.keys()):
            balance, due = stripe.get(currency, 0), owed.get(currency, 0)
            sums[currency] = CurrencyBooks(balance, due, {OwnLine.OPENING: balance - due})
        return cls(at, at, sums)

    def with_earlier(
        self, item: OpenItem, stripe_amount: int, books_amount: int
    ) -> "PlatformBooks":
        """Return the books with an open item's other side, which is from before they began."""
        period = _Period(self)
        period.add_earlier(item, stripe_amount, books_amount)
        return period.closed(self.until)

    def accepting(self, subject: str) -> "PlatformBooks":
        """Return the books without a subject's open items: they become PPS's own.

        Raises:
            LookupError: Nothing is open about it.
        """
        if all(each.subject != subject for each in self.open_items):
            raise LookupError(f"nothing is open about {subject}")
        period = _Period(self)
        period.move_to_own(subject, OwnLine.ACCEPTED)
        return period.closed(self.until)


class _Period:
    """Adds up what happened in a period, by currency and by subject."""

    def __init__(self, books: PlatformBooks) -> None:
        self._before = books
        self._stripe: Counter[str] = Counter()
        self._owed: Counter[str] = Counter()
        self._own: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for currency, sums in books.currencies.items():
            self._stripe[currency], self._owed[currency] = sums.stripe_amount, sums.owed_amount
            self._own[currency].update(sums.own)
        self._items = {(each.subject, each.currency): each for each in books.open_items}
        self._elsewhere: set[str] = set()

    def add_movement(self, movement: PlatformMovement) -> None:
        self._stripe[movement.currency] += movement.net_amount
        if movement.subject is None:
            self._own[movement.currency][movement.type] += movement.net_amount
            return
        item = self._item(movement.subject, movement.currency)
        self._put(
            replace(
                item,
                stripe_amount=item.stripe_amount + movement.net_amount,
                since=max(item.since, movement.created_at),
                transactions=(*item.transactions, movement.movement_id),
            )
        )

    def add_line(self, line: PlatformLine) -> None:
        self._owed[line.currency] += line.owed_amount
        if line.own is not None:
            name, amount = line.own
            self._own[line.currency][name] += amount
        if line.subject is None:
            return
        if line.settled_elsewhere:
            self._elsewhere.add(line.subject)
            return
        item = self._item(line.subject, line.currency)
        self._put(
            replace(
                item,
                books_amount=item.books_amount + line.stripe_amount,
                since=max(item.since, line.recorded_at),
                entries=(*item.entries, line.name),
            )
        )

    def add_earlier(self, item: OpenItem, stripe_amount: int, books_amount: int) -> None:
        self._own[item.currency][OwnLine.OPENING] -= stripe_amount - books_amount
        self._put(
            replace(
                item,
                stripe_amount=item.stripe_amount + stripe_amount,
                books_amount=item.books_amount + books_amount,
            )
        )

    def move_to_own(self, subject: str, name: OwnLine) -> None:
        for key in [key for key in self._items if key[0] == subject]:
            item = self._items.pop(key)
            self._own[item.currency][name] += item.difference_amount

    def closed(self, until: str) -> PlatformBooks:
        """Return the books with the new sums, and the items that are still open."""
        for subject in self._elsewhere:
            self.move_to_own(subject, OwnLine.ELSEWHERE)
        for subject in self._converted():
            self.move_to_own(subject, OwnLine.CONVERTED)
        names = self._stripe.keys() | self._owed.keys() | self._own.keys()
        return replace(
            self._before,
            until=until,
            currencies={
                name: CurrencyBooks(self._stripe[name], self._owed[name], dict(self._own[name]))
                for name in sorted(names)
            },
            open_items=tuple(each for each in self._items.values() if each.difference_amount),
        )

    def _converted(self) -> list[str]:
        """Return the subjects whose two sides are in two currencies."""
        sides: defaultdict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
        for item in self._items.values():
            at_stripe, in_books = sides[item.subject]
            at_stripe |= {item.currency} if item.transactions else set()
            in_books |= {item.currency} if item.entries else set()
        return [
            subject
            for subject, (at_stripe, in_books) in sides.items()
            if at_stripe and in_books and not at_stripe & in_books
        ]

    def _item(self, subject: str, currency: str) -> OpenItem:
        return self._items.get((subject, currency)) or OpenItem(subject, currency)

    def _put(self, item: OpenItem) -> None:
        self._items[item.subject, item.currency] = item
