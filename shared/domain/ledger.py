"""The ledger: one append-only, gapless, hash-chained sequence of entries per studio.

An entry is at once the payout's deduction line and the audit record. It holds ids and amounts and
no names. Corrections are new entries.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, asdict, dataclass, field, fields
from enum import StrEnum

GENESIS_HASH = "0" * 64


class EntryKind(StrEnum):
    """What a ledger entry records."""

    SALE = "sale"
    REFUND = "refund"
    # Compensates a refund that failed after it was settled.
    REFUND_FAILED = "refund_failed"
    # Closes the entries before it.
    PAYOUT = "payout"
    # Gives back what a payout took and Stripe did not transfer.
    PAYOUT_FAILED = "payout_failed"


# Entries about an order. The others are about a payout.
OF_ORDERS = frozenset({EntryKind.SALE, EntryKind.REFUND, EntryKind.REFUND_FAILED})


class RecordSource(StrEnum):
    """Where something was done first: a refund through our API, or at Stripe.

    A payout that a restore lost comes back from Stripe too.
    """

    API = "api"
    STRIPE = "stripe"


@dataclass(frozen=True, slots=True)
class EntryAmounts:
    """An entry's money in minor units, seen from the studio: what it gains is positive.

    ``gross + stripe_fee + rev_share`` is the net, and so is ``payable + direct``: payable moves
    what PPS owes the studio, direct is what Stripe settled with the studio itself.
    ``stripe_fee_retained_amount`` explains a refund (the fee stays a cost of the sale) and moves
    nothing; ``tax_amount`` is the tax in the gross, with its sign.
    """

    gross_amount: int
    stripe_fee_amount: int
    rev_share_amount: int
    payable_amount: int
    direct_amount: int
    stripe_fee_retained_amount: int = 0
    tax_amount: int = 0

    @property
    def net_amount(self) -> int:
        """What the entry changes for the studio in all."""
        return self.payable_amount + self.direct_amount


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """Where a studio's ledger stands: the last entry's number and hash, and both balances.

    ``closed_seq`` is the number of the last payout's entry, 0 before the first: what comes after
    it is open, for the next payout.
    """

    studio_id: str
    currency: str
    seq: int = 0
    payable_balance_amount: int = 0
    direct_balance_amount: int = 0
    hash: str = GENESIS_HASH
    closed_seq: int = 0


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of the ledger; written once, never changed.

    Amounts in minor units with the signs of ``EntryAmounts``; ``*_balance_amount`` are the running
    balances after this entry; ``recorded_at`` is RFC 3339 in UTC; ``hash`` covers every other
    field, ``prev_hash`` included. ``settled_at`` is set on the entries of refunds alone, which
    makes the index of reports. ``order_id`` is set on the entries of ``OF_ORDERS``, ``payout_id``
    on the others.
    """

    studio_id: str
    seq: int
    kind: EntryKind
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
    recorded_at: str
    prev_hash: str
    order_id: str | None = None
    refund_id: str | None = None
    refund_type: str | None = None
    reason: str | None = None
    source: RecordSource | None = None
    processed_by: str | None = None
    stripe_refund_id: str | None = None
    correlation_id: str | None = None
    settled_at: str | None = None
    payout_id: str | None = None
    hash: str = ""

    def content(self) -> dict[str, str | int]:
        """Return the fields as stored: plain text and numbers, without those that are not set."""
        found = {name: value for name, value in asdict(self).items() if value is not None}
        return {
            name: value.value if isinstance(value, StrEnum) else value
            for name, value in found.items()
        }


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What an entry is about, beside its money: ids, and who and why for a refund."""

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


def entry_hash(content: dict[str, str | int]) -> str:
    """Return the SHA-256 of an entry's content, in hex.

    The content is every field that is set, but ``hash``, as JSON with sorted keys, no spaces and
    ASCII escapes, so that anyone can compute it from the stored item.
    """
    hashed = {name: value for name, value in content.items() if name != "hash"}
    canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def append(
    head: LedgerHead, facts: EntryFacts, amounts: EntryAmounts
) -> tuple[LedgerEntry, LedgerHead]:
    """Return the next entry of the ledger and the head after it."""
    payable = head.payable_balance_amount + amounts.payable_amount
    direct = head.direct_balance_amount + amounts.direct_amount
    fields_of_entry: dict[str, str | int | None] = {
        **asdict(facts),
        **asdict(amounts),
        "studio_id": head.studio_id,
        "seq": head.seq + 1,
        "currency": head.currency,
        "net_amount": amounts.net_amount,
        "payable_balance_amount": payable,
        "direct_balance_amount": direct,
        "prev_hash": head.hash,
    }
    present = {name: value for name, value in fields_of_entry.items() if value is not None}
    entry = LedgerEntry(**present, hash=entry_hash(present))  # type: ignore[arg-type]  # names and types are those of the two dataclasses
    closed = entry.seq if entry.kind == EntryKind.PAYOUT else head.closed_seq
    after = LedgerHead(
        head.studio_id, head.currency, entry.seq, payable, direct, entry.hash, closed
    )
    return entry, after


@dataclass(frozen=True, slots=True)
class Posting:
    """A new entry, with the ledger head that it follows and the head after it."""

    entry: LedgerEntry
    before: LedgerHead
    after: LedgerHead


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first entry that does not fit, and why."""

    seq: int
    problem: str


_FIELDS = frozenset(field.name for field in fields(LedgerEntry))


def verify_chain(
    contents: Iterable[dict[str, str | int]], head: LedgerHead, since: LedgerHead | None = None
) -> tuple[int, ChainFault | None]:
    """Check a studio's entries, in order of ``seq``, and that they end at ``head``.

    Args:
        contents: The stored entries' fields (without table keys), from the first one on, or from
            the first one after ``since``.
        head: The studio's head as stored.
        since: An earlier head that is known to be right. Whether something is entered a second
            time can be told only from the beginning on.

    Returns:
        The number of entries up to which all fit, and the first that does not, or None.
    """
    at = since or LedgerHead(head.studio_id, head.currency)
    booked = _Booked()
    for content in contents:
        problem = _problem(at, content, head)
        if since is None or since.seq == 0:
            problem = problem or booked.problem(content)
        if problem:
            return at.seq, ChainFault(at.seq + 1, problem)
        at = _head_after(at, content)
    if at.seq < head.seq:
        return at.seq, ChainFault(at.seq + 1, f"it is missing: the head stands at {head.seq}")
    if at != head:  # only of an empty ledger: the last entry was held against the head
        return at.seq, ChainFault(at.seq, "the head has balances or a hash, and there is no entry")
    return at.seq, None


def _head_after(at: LedgerHead, content: dict[str, str | int]) -> LedgerHead:
    return LedgerHead(
        str(content["studio_id"]),
        str(content["currency"]),
        int(content["seq"]),
        int(content["payable_balance_amount"]),
        int(content["direct_balance_amount"]),
        str(content["hash"]),
        int(content["seq"]) if content["kind"] == EntryKind.PAYOUT else at.closed_seq,
    )


def _problem(at: LedgerHead, content: dict[str, str | int], head: LedgerHead) -> str | None:
    """Say what does not fit of the entry that should follow ``at``: the first thing, or None."""
    return next((problem for wrong, problem in _checks(at, content, head) if wrong), None)


@dataclass(frozen=True, slots=True)
class _Booked:
    """What is entered so far and may not be entered again, and what payouts took."""

    refunds: set[str] = field(default_factory=set)
    payouts: dict[str, int] = field(default_factory=dict)
    given_back: set[str] = field(default_factory=set)

    def problem(self, content: dict[str, str | int]) -> str | None:
        """Say if an entry books a second time what is booked, and remember what it books."""
        if content["kind"] in OF_ORDERS:
            return self._refund(str(content["kind"]), content.get("stripe_refund_id"))
        return self._payout(content, str(content["payout_id"]))

    def _refund(self, kind: str, stripe_refund_id: str | int | None) -> str | None:
        if not isinstance(stripe_refund_id, str):
            return None
        if kind == EntryKind.REFUND:
            if stripe_refund_id in self.refunds:
                return f"Stripe's refund {stripe_refund_id} is entered already"
            self.refunds.add(stripe_refund_id)
        elif kind == EntryKind.REFUND_FAILED:
            self.refunds.discard(stripe_refund_id)
        return None

    def _payout(self, content: dict[str, str | int], payout_id: str) -> str | None:
        amount = int(content["payable_amount"])
        if content["kind"] == EntryKind.PAYOUT:
            if payout_id in self.payouts:
                return f"payout {payout_id} is entered already"
            self.payouts[payout_id] = -amount
            return None
        if amount <= 0 or self.payouts.get(payout_id) != amount:
            return f"it does not give back what payout {payout_id} took"
        if payout_id in self.given_back:
            return f"what payout {payout_id} took is given back already"
        self.given_back.add(payout_id)
        return None


def _checks(
    at: LedgerHead, content: dict[str, str | int], head: LedgerHead
) -> Iterator[tuple[bool, str]]:
    """Yield what could be wrong and whether it is; later checks rely on the earlier ones."""
    seq = at.seq + 1
    yield content.get("seq") != seq, f"expected seq {seq}, found {content.get('seq')}"
    yield seq > head.seq, f"it is more than there should be: the head stands at {head.seq}"
    odd = sorted(content.keys() - _FIELDS) + sorted(_REQUIRED - content.keys())
    yield bool(odd), f"fields unknown or missing: {odd}"
    odd = sorted(name for name in _AMOUNTS if type(content[name]) is not int)
    yield bool(odd), f"amounts that are no integers: {odd}"
    yield content["hash"] != entry_hash(content), "its hash does not match its content"
    yield content["prev_hash"] != at.hash, "its prev_hash is not the hash of the one before"
    yield (
        (content["studio_id"], content["currency"]) != (at.studio_id, at.currency),
        "it is of another studio or currency",
    )
    yield from _about(content)
    amounts = {name: int(content[name]) for name in _AMOUNTS}
    yield from _sums(at, amounts)
    if content["kind"] not in OF_ORDERS:
        yield from _payout_amounts(at, content, amounts)
    yield (
        seq == head.seq and _head_after(at, content) != head,
        "the head does not have its hash, balances or last payout",
    )


def _about(content: dict[str, str | int]) -> Iterator[tuple[bool, str]]:
    kind = content["kind"]
    yield (
        kind not in OF_ORDERS | {EntryKind.PAYOUT, EntryKind.PAYOUT_FAILED},
        f"its kind is unknown: {kind}",
    )
    about = {name for name in ("order_id", "payout_id") if name in content}
    expected = "order_id" if kind in OF_ORDERS else "payout_id"
    yield about != {expected}, f"a {kind} is about its {expected}, and nothing else"


def _payout_amounts(
    at: LedgerHead, content: dict[str, str | int], amounts: dict[str, int]
) -> Iterator[tuple[bool, str]]:
    """Yield what could be wrong of a payout's money: all of the balance moves, or none of it.

    One that was lost with a restore is entered for what Stripe transferred, and says so.
    """
    payable = amounts["payable_amount"]
    moved = {name for name in _MOVED if amounts[name]}
    yield (
        bool(moved - {"gross_amount", "net_amount", "payable_amount"}),
        ("a payout moves no fee, no share, no tax and nothing that Stripe settled"),
    )
    yield (
        content["kind"] == EntryKind.PAYOUT and not _is_due(at, payable, content.get("source")),
        "it pays out another amount than was owed",
    )


def _is_due(at: LedgerHead, payable: int, source: str | int | None) -> bool:
    if source == RecordSource.STRIPE:
        return payable < 0
    return payable in {0, -max(0, at.payable_balance_amount)}


def _sums(at: LedgerHead, amounts: dict[str, int]) -> Iterator[tuple[bool, str]]:
    net = amounts["net_amount"]
    yield (
        net != amounts["gross_amount"] + amounts["stripe_fee_amount"] + amounts["rev_share_amount"],
        "gross, Stripe fee and rev share do not add up to its net",
    )
    yield (
        net != amounts["payable_amount"] + amounts["direct_amount"],
        "payable and direct do not add up to its net",
    )
    yield (
        amounts["payable_balance_amount"] != at.payable_balance_amount + amounts["payable_amount"],
        "its payable balance does not follow from the one before",
    )
    yield (
        amounts["direct_balance_amount"] != at.direct_balance_amount + amounts["direct_amount"],
        "its direct balance does not follow from the one before",
    )


_REQUIRED = frozenset(field.name for field in fields(LedgerEntry) if field.default is MISSING) | {
    "hash"
}
_AMOUNTS = tuple(sorted(name for name in _FIELDS if name.endswith("_amount")))
_MOVED = tuple(name for name in _AMOUNTS if not name.endswith("_balance_amount"))
