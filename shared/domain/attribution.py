"""Which subjects, products or photo days a refund's money belongs to, to the last cent.

- A line-item refund belongs to the lines that it returned. Any other refund belongs to all lines
  of its order, in proportion to their prices.
- A line belongs to its product, by SKU, and to its subject. A line without a subject belongs to
  all subjects of its order, in equal parts.
- Shipping belongs to no subject and no product. The whole order belongs to its photo day.

Money that belongs to none of them has the key ``None``. So the amounts of all keys add up to the
refunded amount.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.imported_order import OrderContents
from shared.domain.money import share_of

type Key = str | None
type Shares = dict[Key, int]

WHOLE_ORDER = "*"  # no line's id


class By(StrEnum):
    """What refunds are counted by."""

    SUBJECT = "subject"
    PRODUCT = "product"
    PHOTO_DAY = "photo_day"
    REASON = "reason"
    PROCESSED_BY = "processed_by"


# An order has these two on each of its lines.
OF_LINES = frozenset({By.SUBJECT, By.PRODUCT})


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an order: one line, or the whole order. ``amount`` is its price in minor units.

    It belongs to its keys in equal parts. Without keys it belongs to the key ``None``.
    """

    line_id: str
    amount: int
    keys: tuple[str, ...]


def parts_of(by: By, contents: OrderContents) -> list[Part]:
    """Return the parts of an order.

    Args:
        by: SUBJECT, PRODUCT or PHOTO_DAY.
        contents: What was ordered.
    """
    if by is By.PHOTO_DAY:
        day = contents.photo_day
        return [Part(WHOLE_ORDER, 1, (day.photo_day_id,) if day else ())]
    keys = dict(_keys_of_lines(by, contents))
    return [
        Part(line.line_id, line.net_amount, keys.get(line.line_id, ())) for line in contents.lines
    ]


def keys_of(parts: list[Part]) -> set[Key]:
    """Return the keys of an order's parts. They include None if a part has no key."""
    return {key for part in parts for key in part.keys or (None,)}


def attribute(parts: list[Part], amount: int, returned: Mapping[str, int] | None) -> Shares:
    """Return how much of a refund belongs to each key. The amounts add up to the refund.

    Args:
        parts: The parts of its order.
        amount: The refund's amount in minor units.
        returned: What a line-item refund took of each line, by line id. None for other refunds.
    """
    taken = parts
    if returned is not None:
        taken = [
            replace(part, amount=returned[part.line_id])
            for part in parts
            if part.line_id in returned
        ]
    shares: Shares = defaultdict(int)
    for part, share in zip(taken, share_out(amount, [part.amount for part in taken]), strict=True):
        keys = part.keys or (None,)
        for key, piece in zip(keys, share_out(share, [1] * len(keys)), strict=True):
            shares[key] += piece
    return dict(shares) or {None: amount}


def share_out(amount: int, weights: list[int]) -> Iterator[int]:
    """Divide an amount in proportion to weights, or equally if all weights are 0.

    Each share is the difference of two rounded running totals, so the shares add up to the amount.
    """
    if not any(weights):
        weights = [1] * len(weights)
    total_weight, running_weight, shared = sum(weights), 0, 0
    for weight in weights:
        running_weight += weight
        up_to_here = share_of(amount, running_weight, total_weight)
        yield up_to_here - shared
        shared = up_to_here


def names_of(by: By, contents: OrderContents) -> dict[str, str | None]:
    """Return the names of an order's keys. A name is None after it was erased."""
    match by:
        case By.SUBJECT:
            return {each.subject_id: each.name for each in contents.subjects}
        case By.PRODUCT:
            return {each.sku: each.product for each in contents.products}
        case _:
            day = contents.photo_day
            return {day.photo_day_id: day.name} if day else {}


def _keys_of_lines(by: By, contents: OrderContents) -> Iterator[tuple[str, tuple[str, ...]]]:
    everyone = tuple(each.subject_id for each in contents.subjects)
    for line in contents.products:
        if by is By.PRODUCT:
            yield line.line_id, (line.sku,)
        else:
            yield line.line_id, everyone if line.subject_id is None else (line.subject_id,)
