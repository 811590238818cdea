"""Tax by jurisdiction and rate: the parts of a sale's tax, and of the tax that goes back."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.domain.money import share_of


class TaxPart(NamedTuple):
    """The tax of one jurisdiction at one rate. ``amount`` in minor units.

    ``rate`` is in percent, as a decimal number without trailing zeros: ``6.25``.
    """

    jurisdiction: str
    rate: str
    amount: int


type TaxParts = tuple[TaxPart, ...]


class SoldTax(NamedTuple):
    """A part of an order's tax: what was sold, and what of it went back, in minor units."""

    jurisdiction: str
    rate: str
    sold_amount: int
    refunded_amount: int = 0

    @property
    def left_amount(self) -> int:
        """What can still go back."""
        return self.sold_amount - self.refunded_amount


def sold_tax(lines: Iterable[TaxParts]) -> tuple[SoldTax, ...]:
    """Return the parts of a sale's tax: those of its lines, added up by jurisdiction and rate."""
    parts = added_up(part for line in lines for part in line)
    return tuple(SoldTax(*part) for part in parts)


def added_up(parts: Iterable[TaxPart]) -> TaxParts:
    """Return the sums by jurisdiction and rate, in that order. Sums of zero are left out."""
    sums: Counter[tuple[str, str]] = Counter()
    for jurisdiction, rate, amount in parts:
        sums[jurisdiction, rate] += amount
    return tuple(
        TaxPart(jurisdiction, rate, sums[jurisdiction, rate])
        for jurisdiction, rate in sorted(sums)
        if sums[jurisdiction, rate]
    )


def negated(parts: TaxParts) -> TaxParts:
    """Return the parts with their signs reversed."""
    return tuple(part._replace(amount=-part.amount) for part in parts)


def tax_of_units(line: TaxParts, before: int, quantity: int, of: int) -> TaxParts:
    """Return the tax in ``quantity`` units of a line, after ``before`` units were taken.

    Both are shares of the line's tax, rounded cumulatively. So all units together take exactly the
    line's parts, and no units take a negative part.

    Args:
        line: The parts of the whole line's tax.
        before: How many units were taken before.
        quantity: How many more units are taken.
        of: How many units the line has.
    """
    amounts = [part.amount for part in line]
    total = sum(amounts)
    first = apportion(share_of(total, before, of), amounts)
    last = apportion(share_of(total, before + quantity, of), amounts)
    return added_up(
        part._replace(amount=end - start)
        for part, start, end in zip(line, first, last, strict=True)
    )


def parts_that_move(sold: Sequence[SoldTax], amount: int, preferred: TaxParts = ()) -> TaxParts:
    """Return the parts of an amount of tax that goes back, or negative, that is taken again.

    The parts add up to the amount. They leave each part between nothing refunded and all of it.

    Args:
        sold: The order's tax now. If it has no parts, there are none.
        amount: In minor units.
        preferred: The parts to take as far as possible, with the sign of the amount. The rest comes
            from all parts, in proportion to what each has left.
    """
    sign = -1 if amount < 0 else 1
    wanted = {part[:2]: part.amount * sign for part in preferred}
    room = [each.refunded_amount if amount < 0 else each.left_amount for each in sold]
    own = [
        min(max(0, wanted.get(each[:2], 0)), most) for each, most in zip(sold, room, strict=True)
    ]
    if not sold:
        return ()
    if sum(own) >= abs(amount):
        moved = apportion(abs(amount), own)
    else:
        left = [most - taken for most, taken in zip(room, own, strict=True)]
        rest = apportion(abs(amount) - sum(own), left)
        moved = [taken + more for taken, more in zip(own, rest, strict=True)]
    return tuple(
        TaxPart(each.jurisdiction, each.rate, sign * share)
        for each, share in zip(sold, moved, strict=True)
        if share
    )


def with_moved(sold: tuple[SoldTax, ...], moved: TaxParts) -> tuple[SoldTax, ...]:
    """Return an order's tax after parts of it went back, or negative, were taken again."""
    amounts = {part[:2]: part.amount for part in moved}
    return tuple(
        each._replace(refunded_amount=each.refunded_amount + amounts.get(each[:2], 0))
        for each in sold
    )


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """Return an amount divided in proportion to weights, in whole minor units.

    It is Webster's method. Its parts never shrink when the amount grows, as largest remainders may,
    and the sum of the weights is divided into the weights themselves. Of equal claims to a minor
    unit, the first one wins. https://en.wikipedia.org/wiki/Sainte-Lagu%C3%AB_method

    Raises:
        ValueError: The amount is negative, or more than the weights together.
    """
    total = sum(weights)
    if not 0 <= amount <= total:
        raise ValueError(f"{amount} cannot be divided among {total}")
    shares = [share_of(weight, amount, total) if total else 0 for weight in weights]
    # Rounding is at most half a unit off for each weight.
    while sum(shares) < amount:
        shares[_next_to_get(weights, shares)] += 1
    while sum(shares) > amount:
        shares[_last_that_got(weights, shares)] -= 1
    return shares


def _next_to_get(weights: Sequence[int], shares: Sequence[int]) -> int:
    """Return the place with the best claim to one more: the largest weight / (2 share + 1)."""
    best = 0
    for place, weight in enumerate(weights):
        if weight * (2 * shares[best] + 1) > weights[best] * (2 * shares[place] + 1):
            best = place
    return best


def _last_that_got(weights: Sequence[int], shares: Sequence[int]) -> int:
    """Return the place whose last unit had the weakest claim."""
    places = [place for place, share in enumerate(shares) if share]
    weakest = places[0]
    for place in places:
        if weights[place] * (2 * shares[weakest] - 1) <= weights[weakest] * (2 * shares[place] - 1):
            weakest = place
    return weakest


def text_of_parts(parts: TaxParts) -> str | None:
    """Return parts as the ledger has them: ``[["US-IL","6.25",63]]``, or None if there are none."""
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False) if parts else None


def parts_of_text(text: str | None) -> TaxParts:
    """Return the parts of the ledger's text."""
    return tuple(TaxPart(*part) for part in json.loads(text)) if text else ()
