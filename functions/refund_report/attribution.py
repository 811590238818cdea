"""Which subjects, products or photo days a refund's money belongs to, to the last cent.

- A refund of line items belongs to the lines that it returned; any other one to all the lines of
  its order, in proportion to what they cost.
- A line belongs to its product, by SKU, and to its subject; one that names no subject belongs to
  all the subjects of its order, in equal parts.
- Shipping belongs to no subject and no product, and all of an order to its photo day.

What belongs to none has the key ``None``, so that the amounts of all keys add up to what was
refunded.
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


# These two lie in the lines of an order.
OF_LINES = frozenset({By.SUBJECT, By.PRODUCT})


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an order: a line, or all of it; its price in minor units, and whose it is.

    Of several keys each has an equal part of it; without any it is nobody's.
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
    """Return the keys that an order has; None among them where a part is nobody's."""
    return {key for part in parts for key in part.keys or (None,)}


def attribute(parts: list[Part], amount: int, returned: Mapping[str, int] | None) -> Shares:
    """Return what of a refund belongs to each key; the amounts add up to the refund's.

    Args:
        parts: Those of its order.
        amount: The refund's, in minor units.
        returned: What a refund of line items took of each line, by its id; None for other refunds.
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
    """Divide an amount in proportion to weights, or equally where all are 0.

    Each share is the difference of two roundings of the whole, so that they add up to it.
    """
    if not any(weights):
        weights = [1] * len(weights)
    whole, weight, shared = sum(weights), 0, 0
    for each in weights:
        weight += each
        up_to_here = share_of(amount, weight, whole)
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
