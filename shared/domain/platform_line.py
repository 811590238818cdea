"""A ledger entry's part in the platform's balance: what PPS owes, PPS's own, and its subject."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.ledger import OPENING_KINDS, EntryKind, LedgerEntry
from shared.domain.order import Order
from shared.domain.platform_movement import (
    charge_subject,
    dispute_subject,
    fee_subject,
    payout_subject,
    refund_subject,
)


class OwnLine(StrEnum):
    """What is PPS's own, besides what Stripe moved for PPS alone."""

    # What Stripe's balance was beyond what PPS owed, when these books began.
    OPENING = "before these books"
    REVENUE_SHARE = "revenue share"
    # What adjustments gave studios, as a negative amount.
    ADJUSTMENTS = "adjustments"
    # Moved before a studio's ledger started, and paid out elsewhere.
    ELSEWHERE = "settled elsewhere"
    # Stripe converted it: the two sides are in two currencies.
    CONVERTED = "converted by Stripe"
    # Differences that a person has dealt with.
    ACCEPTED = "accepted differences"


@dataclass(frozen=True, slots=True)
class EntryName:
    """A ledger entry, and what it is about."""

    studio_id: str
    seq: int
    order_id: str | None = None
    refund_id: str | None = None
    payout_id: str | None = None


@dataclass(frozen=True, slots=True)
class PlatformLine:
    """A ledger entry's part in the platform's balance; amounts in minor units.

    Attributes:
        name: The entry.
        subject: What it is about, or None if Stripe moves nothing for it.
        currency: The ledger's currency.
        owed_amount: What it adds to what PPS owes the studio.
        own: What it adds to PPS's own, by line.
        stripe_amount: What Stripe must have moved for it.
        recorded_at: RFC 3339 in UTC.
        settled_elsewhere: Whether the money of its subject was paid out before the ledger started.
    """

    name: EntryName
    subject: str | None
    currency: str
    owed_amount: int
    own: tuple[OwnLine, int] | None
    stripe_amount: int
    recorded_at: str
    settled_elsewhere: bool = False


def needs_order(entry: LedgerEntry) -> bool:
    """Return whether the line of an entry can be made only with its order."""
    return entry.order_id is not None and (
        entry.kind in {EntryKind.SALE, EntryKind.OPENING_SALE} or entry.direct_amount != 0
    )


def line_of(entry: LedgerEntry, order: Order | None = None) -> PlatformLine:
    """Return an entry's part in the platform's balance.

    Stripe moves what the entry adds to what PPS owes, less the share that the studio gives PPS:
    of a sale ``payable + share``, of a direct charge the share alone.

    Args:
        entry: The entry.
        order: Its order, if it ``needs_order`` and the order is not erased.
    """
    subject = _subject(entry, order)
    own: tuple[OwnLine, int] | None = None
    moved = entry.payable_amount - entry.rev_share_amount
    elsewhere = entry.kind in OPENING_KINDS or bool(entry.elsewhere_amount)
    if entry.kind is EntryKind.ADJUSTMENT:
        own, moved = (OwnLine.ADJUSTMENTS, -entry.payable_amount), 0
    elif elsewhere:
        moved = 0
    elif entry.rev_share_amount:
        own = OwnLine.REVENUE_SHARE, -entry.rev_share_amount
    return PlatformLine(
        EntryName(entry.studio_id, entry.seq, entry.order_id, entry.refund_id, entry.payout_id),
        subject,
        entry.currency,
        entry.payable_amount,
        own,
        moved,
        entry.recorded_at,
        elsewhere,
    )


def _subject(entry: LedgerEntry, order: Order | None) -> str | None:
    if entry.payout_id is not None:
        return payout_subject(entry.payout_id)
    if entry.order_id is None:
        return None
    found: str | None
    if order is not None and order.account_id is not None:
        found = fee_subject(order.application_fee_id) if order.application_fee_id else None
    elif entry.dispute_id is not None:
        found = dispute_subject(entry.dispute_id)
    elif entry.stripe_refund_id is not None:
        found = refund_subject(entry.stripe_refund_id)
    else:
        found = charge_subject(order.charge_id) if order and order.charge_id else None
    return found or f"order:{entry.studio_id}/{entry.order_id}"
