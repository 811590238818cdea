"""The proof of PPS's books: Stripe's balance is what PPS owes, PPS's own and what is in transit."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.platform_books import CurrencyBooks, OpenItem, PlatformBooks
from shared.domain.platform_line import EntryName


class BooksFindingKind(StrEnum):
    """How Stripe's balance and the books can differ."""

    TRANSACTION_WITHOUT_ENTRY = "transaction_without_entry"
    ENTRY_WITHOUT_TRANSACTION = "entry_without_transaction"
    AMOUNTS_DIFFER = "amounts_differ"
    # The platform's balance is not the sum of its transactions.
    BALANCE_DIFFERS = "stripe_balance_differs"
    # What PPS owes by ledgers' heads is not the sum of their entries.
    OWED_DIFFERS = "owed_balance_differs"


@dataclass(frozen=True, slots=True)
class BooksFinding:
    """A difference; amounts in minor units.

    Attributes:
        kind: The kind.
        currency: The currency of both amounts.
        books_amount: The amount by the books: of an open item what its entries say, of a balance
            the sum of its transactions or entries.
        found_amount: What Stripe moved, or the balance that was read.
        subject: What it is about, or None if it is about a whole balance.
        transactions: The ids of Stripe's balance transactions.
        entries: The ledger entries.
    """

    kind: BooksFindingKind
    currency: str
    books_amount: int
    found_amount: int
    subject: str | None = None
    transactions: tuple[str, ...] = ()
    entries: tuple[EntryName, ...] = ()


@dataclass(frozen=True, slots=True)
class CurrencyProof:
    """The equation of one currency; amounts in minor units.

    Attributes:
        currency: The currency.
        stripe_amount: Stripe's balance.
        owed_amount: What PPS owes all studios.
        own: What is PPS's own, by line.
        in_transit_amount: The open items whose other side may still come.
        difference_amount: What is left. Zero proves the books.
    """

    currency: str
    stripe_amount: int
    owed_amount: int
    own: Mapping[str, int]
    in_transit_amount: int
    difference_amount: int


@dataclass(frozen=True, slots=True)
class WrongHead:
    """A ledger's head that does not owe what its entries say.

    Attributes:
        name: The studio, and the number of the head's entry.
        currency: The ledger's currency.
        amount: How much more the head owes than the entries, in minor units, signed.
    """

    name: EntryName
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What was read independently of movements and of the entries' sums.

    Attributes:
        stripe: Stripe's balance by currency, or None if it moved too fast to be compared.
        wrong_heads: The heads that owe another amount than their entries.
        arriving: The subjects that moved, or were entered, after the moment of the proof.
    """

    stripe: Mapping[str, int] | None
    wrong_heads: Sequence[WrongHead] = ()
    arriving: frozenset[str] = frozenset()

    def wrong_heads_in(self, currency: str) -> list[WrongHead]:
        """Return the wrong heads of the ledgers in a currency."""
        return [each for each in self.wrong_heads if each.currency == currency]


def prove(books: PlatformBooks, measured: Measured) -> list[CurrencyProof]:
    """Return the equation of each currency, with the balances as they were read."""
    in_transit: Counter[str] = Counter()
    for item in in_transit_of(books, measured):
        in_transit[item.currency] += item.difference_amount
    proofs = []
    for currency, sums in _currencies(books, measured):
        stripe = sums.stripe_amount
        if measured.stripe is not None:
            stripe = measured.stripe.get(currency, 0)
        wrong_amount = sum(each.amount for each in measured.wrong_heads_in(currency))
        owed, transit = sums.owed_amount + wrong_amount, in_transit[currency]
        left = stripe - owed - sum(sums.own.values()) - transit
        proofs.append(CurrencyProof(currency, stripe, owed, sums.own, transit, left))
    return proofs


def in_transit_of(books: PlatformBooks, measured: Measured) -> list[OpenItem]:
    """Return the open items whose other side may still come, or has just come."""
    at = datetime.fromisoformat(books.until)
    return [
        item
        for item in books.open_items
        if item.subject in measured.arriving or item.is_in_transit(at)
    ]


def findings_of(books: PlatformBooks, measured: Measured) -> Iterator[BooksFinding]:
    """Yield the differences: open items that nothing will close, and balances that differ."""
    in_transit = in_transit_of(books, measured)
    yield from (_of_item(item) for item in books.open_items if item not in in_transit)
    for currency, sums in _currencies(books, measured):
        if measured.stripe is not None:
            stripe = measured.stripe.get(currency, 0)
            if stripe != sums.stripe_amount:
                kind = BooksFindingKind.BALANCE_DIFFERS
                yield BooksFinding(kind, currency, sums.stripe_amount, stripe)
        wrong = measured.wrong_heads_in(currency)
        if wrong:
            owed = sums.owed_amount + sum(each.amount for each in wrong)
            yield BooksFinding(
                BooksFindingKind.OWED_DIFFERS,
                currency,
                sums.owed_amount,
                owed,
                entries=tuple(each.name for each in wrong),
            )


def _currencies(books: PlatformBooks, measured: Measured) -> Iterator[tuple[str, CurrencyBooks]]:
    """Yield the sums of each currency in the books, and of those with a balance only."""
    also = {currency for currency, amount in (measured.stripe or {}).items() if amount}
    also |= {each.currency for each in measured.wrong_heads}
    for currency in sorted(books.currencies.keys() | also):
        yield currency, books.currencies.get(currency, CurrencyBooks())


def _of_item(item: OpenItem) -> BooksFinding:
    kind = BooksFindingKind.AMOUNTS_DIFFER
    if not item.entries:
        kind = BooksFindingKind.TRANSACTION_WITHOUT_ENTRY
    elif not item.transactions:
        kind = BooksFindingKind.ENTRY_WITHOUT_TRANSACTION
    return BooksFinding(
        kind,
        item.currency,
        item.books_amount,
        item.stripe_amount,
        item.subject,
        item.transactions,
        item.entries,
    )
