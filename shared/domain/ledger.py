"""The ledger: one append-only, gapless, hash-chained sequence of entries per studio.

A refund's entry is both the payout's deduction line and the audit record. An entry holds ids and
amounts, but no names. A correction is a new entry.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from shared.domain.record_source import RecordSource

GENESIS_HASH = "0" * 64

# A ledger stays on the list of ledgers to anchor for so long after its last entry. So the list also
# says which ledgers have changed lately, and no entry has to be written to another index.
LISTED_AFTER_CHANGE = timedelta(days=3)


class EntryKind(StrEnum):
    """What a ledger entry records."""

    SALE = "sale"
    REFUND = "refund"
    # Compensates a refund that failed after it was settled.
    REFUND_FAILED = "refund_failed"
    # A sale, and a refund, from before the ledger starts. They were paid out elsewhere.
    OPENING_SALE = "opening_sale"
    OPENING_REFUND = "opening_refund"
    # Money that a dispute took, and money that came back.
    DISPUTE = "dispute"
    DISPUTE_REVERSED = "dispute_reversed"
    # Closes the entries up to its closed_seq, and pays for them.
    PAYOUT_CLOSED = "payout_closed"
    # Reverses a payout that Stripe did not transfer.
    PAYOUT_FAILED = "payout_failed"
    # Money of a paid payout that came back from the studio's account, all of it or a part.
    PAYOUT_REVERSED = "payout_reversed"
    # A manual correction of what PPS owes, proposed by one PPS admin and approved by another.
    ADJUSTMENT = "adjustment"


# The kinds of entries about an order, and those about a payout.
ORDER_KINDS = frozenset(
    {
        EntryKind.SALE,
        EntryKind.REFUND,
        EntryKind.REFUND_FAILED,
        EntryKind.OPENING_SALE,
        EntryKind.OPENING_REFUND,
        EntryKind.DISPUTE,
        EntryKind.DISPUTE_REVERSED,
    }
)
PAYOUT_KINDS = frozenset(
    {EntryKind.PAYOUT_CLOSED, EntryKind.PAYOUT_FAILED, EntryKind.PAYOUT_REVERSED}
)
OPENING_KINDS = frozenset({EntryKind.OPENING_SALE, EntryKind.OPENING_REFUND})
DISPUTE_KINDS = frozenset({EntryKind.DISPUTE, EntryKind.DISPUTE_REVERSED})


@dataclass(frozen=True, slots=True)
class EntryAmounts:
    """The amounts of an entry, in minor units. What the studio gains is positive.

    ``gross + stripe_fee + rev_share = net = payable + direct + elsewhere``. Payable changes what
    PPS owes the studio. Direct is what Stripe settled with the studio itself. Elsewhere is what was
    paid out before the ledger started; it changes no balance. ``stripe_fee_retained_amount``
    explains a refund (the fee stays a cost of the sale) and changes no balance. ``tax_amount`` is
    the tax in the gross, with the same sign.
    """

    gross_amount: int
    stripe_fee_amount: int
    rev_share_amount: int
    payable_amount: int
    direct_amount: int
    stripe_fee_retained_amount: int = 0
    tax_amount: int = 0
    elsewhere_amount: int = 0

    @property
    def net_amount(self) -> int:
        """The sum of gross, Stripe's fee and rev share."""
        return self.payable_amount + self.direct_amount + self.elsewhere_amount


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """The end of a studio's ledger: the last entry's number and hash, and both balances.

    ``closed_seq`` is the number of the last entry that a payout has closed, or 0. The entries after
    it are open, and the next payout will contain them. It begins with ``carried_amount``, which the
    last payout left.

    ``anchor_due_at`` is when the ledger is anchored next (RFC 3339, UTC), or None if nothing was
    entered since the last anchor. It says nothing about the entries, so heads that differ only in
    it are equal.
    """

    studio_id: str
    currency: str
    seq: int = 0
    payable_balance_amount: int = 0
    direct_balance_amount: int = 0
    hash: str = GENESIS_HASH
    closed_seq: int = 0
    carried_amount: int = 0
    anchor_due_at: str | None = field(default=None, compare=False)


def anchor_due_after(at: str) -> str:
    """Return when a ledger that changed at a time is due for an anchor: when its day (UTC) ends.

    Args:
        at: RFC 3339 in UTC.
    """
    next_day = date.fromisoformat(at[: len("2026-11-25")]) + timedelta(days=1)
    return f"{next_day}T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """An entry without its amounts: what it is about, and for a refund, who made it and why.

    ``balance_transaction_id`` is the movement of Stripe's balance behind the entry. A dispute that
    moved money more than once since its last entry has several ids, with spaces between them.
    ``tax_parts`` has the parts of ``tax_amount`` by jurisdiction and rate, if the order's import
    gave them: a JSON array of ``[jurisdiction, rate in percent, amount]``.
    """

    kind: EntryKind
    order_id: str | None
    recorded_at: str
    refund_id: str | None = None
    refund_type: str | None = None
    reason: str | None = None
    source: RecordSource | None = None
    processed_by: str | None = None
    stripe_refund_id: str | None = None
    correlation_id: str | None = None
    settled_at: str | None = None
    payout_id: str | None = None
    dispute_id: str | None = None
    adjustment_id: str | None = None
    approved_by: str | None = None
    closed_seq: int | None = None
    carried_amount: int | None = None
    balance_transaction_id: str | None = None
    tax_parts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry(EntryFacts):
    """One line of the ledger. It is written once and never changed.

    Amounts in minor units with the signs of ``EntryAmounts``. ``*_balance_amount`` are the running
    balances after this entry. Times are RFC 3339 in UTC. ``hash`` covers every other field,
    ``prev_hash`` included. Only entries of refunds and disputes have ``settled_at``, by which
    reports find them. Entries of ``ORDER_KINDS`` have an ``order_id``, those of ``PAYOUT_KINDS`` a
    ``payout_id``, an adjustment an ``adjustment_id``. Entries of ``OPENING_KINDS`` have an
    ``elsewhere_amount``, and so have disputes from before the ledger started. Two people made an
    adjustment: ``processed_by`` and ``approved_by``. A ``payout_closed`` entry closes the entries
    up to ``closed_seq``, and leaves ``carried_amount`` of the balance after that entry.
    """

    studio_id: str
    seq: int
    currency: str
    gross_amount: int
    stripe_fee_amount: int
    rev_share_amount: int
    net_amount: int
    payable_amount: int
    direct_amount: int
    stripe_fee_retained_amount: int
    tax_amount: int
    payable_balance_amount: int
    direct_balance_amount: int
    prev_hash: str
    order_id: str | None = None  # a stored entry without one does not name it
    elsewhere_amount: int | None = None
    hash: str = ""

    def content(self) -> dict[str, str | int]:
        """Return the fields as stored: plain text and numbers, without those that are None."""
        found = {name: value for name, value in asdict(self).items() if value is not None}
        return {
            name: value.value if isinstance(value, StrEnum) else value
            for name, value in found.items()
        }


def entry_hash(content: dict[str, str | int]) -> str:
    """Return the SHA-256 of an entry's content, in hex.

    It hashes every field that is set, except ``hash``, as JSON with sorted keys, no spaces and
    ASCII escapes. So anyone can compute it from the stored item.
    """
    hashed = {name: value for name, value in content.items() if name != "hash"}
    canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def append(
    head: LedgerHead, facts: EntryFacts, amounts: EntryAmounts
) -> tuple[LedgerEntry, LedgerHead]:
    """Return the ledger's next entry, and the head after it."""
    payable = head.payable_balance_amount + amounts.payable_amount
    direct = head.direct_balance_amount + amounts.direct_amount
    fields_of_entry: dict[str, str | int | None] = {
        **asdict(facts),
        **asdict(amounts),
        "studio_id": head.studio_id,
        "seq": head.seq + 1,
        "currency": head.currency,
        "net_amount": amounts.net_amount,
        "elsewhere_amount": _elsewhere_amount(facts.kind, amounts),
        "payable_balance_amount": payable,
        "direct_balance_amount": direct,
        "prev_hash": head.hash,
    }
    present = {name: value for name, value in fields_of_entry.items() if value is not None}
    entry = LedgerEntry(**present, hash=entry_hash(present))  # type: ignore[arg-type]  # the two dataclasses have these names and types
    closed_seq, carried = entry.closed_seq, entry.carried_amount
    after = LedgerHead(
        head.studio_id,
        head.currency,
        entry.seq,
        payable,
        direct,
        entry.hash,
        head.closed_seq if closed_seq is None else closed_seq,
        head.carried_amount if carried is None else carried,
        head.anchor_due_at or anchor_due_after(entry.recorded_at),
    )
    return entry, after


def _elsewhere_amount(kind: EntryKind, amounts: EntryAmounts) -> int | None:
    """Return the amount to store. Only openings, and disputes of that time, have one."""
    return amounts.elsewhere_amount if kind in OPENING_KINDS else amounts.elsewhere_amount or None


@dataclass(frozen=True, slots=True)
class Posting:
    """A new entry, with the ledger head that it follows and the head after it."""

    entry: LedgerEntry
    before: LedgerHead
    after: LedgerHead
