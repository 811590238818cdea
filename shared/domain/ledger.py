"""The ledger: one append-only, gapless, hash-chained sequence of entries per studio.

A refund's entry is both the payout's deduction line and the audit record. An entry holds ids and
amounts, but no names. A correction is a new entry.
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
    # Reverses a payout that Stripe did not transfer.
    PAYOUT_FAILED = "payout_failed"


# The kinds of entries about an order. The other kinds are about a payout.
ORDER_KINDS = frozenset({EntryKind.SALE, EntryKind.REFUND, EntryKind.REFUND_FAILED})


class RecordSource(StrEnum):
    """Where a record comes from: our API, or Stripe.

    Stripe is the source of an external refund, and of a payout that was restored from its transfer.
    """

    API = "api"
    STRIPE = "stripe"


@dataclass(frozen=True, slots=True)
class EntryAmounts:
    """The amounts of an entry, in minor units. What the studio gains is positive.

    ``gross + stripe_fee + rev_share = net = payable + direct``. Payable changes what PPS owes the
    studio. Direct is what Stripe settled with the studio itself. ``stripe_fee_retained_amount``
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

    @property
    def net_amount(self) -> int:
        """The entry's effect on both balances together."""
        return self.payable_amount + self.direct_amount


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """The end of a studio's ledger: the last entry's number and hash, and both balances.

    ``closed_seq`` is the number of the last payout's entry, or 0. The entries after it are open,
    and the next payout will contain them.
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
    """One line of the ledger. It is written once and never changed.

    Amounts in minor units with the signs of ``EntryAmounts``. ``*_balance_amount`` are the running
    balances after this entry. Times are RFC 3339 in UTC. ``hash`` covers every other field,
    ``prev_hash`` included. Only entries of refunds have ``settled_at``, by which reports find
    them. Entries of ``ORDER_KINDS`` have an ``order_id``, the others a ``payout_id``.
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
        """Return the fields as stored: plain text and numbers, without those that are None."""
        found = {name: value for name, value in asdict(self).items() if value is not None}
        return {
            name: value.value if isinstance(value, StrEnum) else value
            for name, value in found.items()
        }


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """An entry without its amounts: what it is about, and for a refund, who made it and why."""

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
        "payable_balance_amount": payable,
        "direct_balance_amount": direct,
        "prev_hash": head.hash,
    }
    present = {name: value for name, value in fields_of_entry.items() if value is not None}
    entry = LedgerEntry(**present, hash=entry_hash(present))  # type: ignore[arg-type]  # the two dataclasses have these names and types
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
    """The first entry that is wrong, and why."""

    seq: int
    problem: str


_FIELDS = frozenset(field.name for field in fields(LedgerEntry))


def verify_chain(
    contents: Iterable[dict[str, str | int]], head: LedgerHead, since: LedgerHead | None = None
) -> tuple[int, ChainFault | None]:
    """Check that a studio's entries form a correct chain that ends at ``head``.

    Args:
        contents: The stored entries' fields (without table keys) in order of ``seq``. They begin
            with the first entry, or with the first one after ``since``.
        head: The studio's head as stored.
        since: An earlier head that is known to be right. Duplicates are found only without it,
            because they need the whole ledger.

    Returns:
        The number of the last correct entry, and the first fault or None.
    """
    at = since or LedgerHead(head.studio_id, head.currency)
    duplicates = _DuplicateCheck()
    is_whole_ledger = since is None or since.seq == 0
    for content in contents:
        problem = _problem(at, content, head)
        if is_whole_ledger:
            problem = problem or duplicates.problem(content)
        if problem:
            return at.seq, ChainFault(at.seq + 1, problem)
        at = _head_after(at, content)
    if at.seq < head.seq:
        return at.seq, ChainFault(at.seq + 1, f"it is missing: the head is at {head.seq}")
    if at != head:  # Only an empty ledger: `_checks` compares a last entry with the head.
        return at.seq, ChainFault(at.seq, "the head has balances or a hash, but there is no entry")
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
    """Return the first problem of the entry that should follow ``at``, or None."""
    return next((problem for wrong, problem in _checks(at, content, head) if wrong), None)


@dataclass(frozen=True, slots=True)
class _DuplicateCheck:
    """Finds refunds and payouts that are entered or reversed twice.

    ``payouts`` has the amount that each payout took from the balance.
    """

    refunds: set[str] = field(default_factory=set)
    payouts: dict[str, int] = field(default_factory=dict)
    reversed_payouts: set[str] = field(default_factory=set)

    def problem(self, content: dict[str, str | int]) -> str | None:
        """Return the problem if an entry is a duplicate, or None. Remember the entry."""
        if content["kind"] in ORDER_KINDS:
            return self._refund(str(content["kind"]), content.get("stripe_refund_id"))
        return self._payout(content, str(content["payout_id"]))

    def _refund(self, kind: str, stripe_refund_id: str | int | None) -> str | None:
        if not isinstance(stripe_refund_id, str):
            return None
        if kind == EntryKind.REFUND:
            if stripe_refund_id in self.refunds:
                return f"Stripe's refund {stripe_refund_id} is already entered"
            self.refunds.add(stripe_refund_id)
        elif kind == EntryKind.REFUND_FAILED:
            self.refunds.discard(stripe_refund_id)
        return None

    def _payout(self, content: dict[str, str | int], payout_id: str) -> str | None:
        amount = int(content["payable_amount"])
        if content["kind"] == EntryKind.PAYOUT:
            if payout_id in self.payouts:
                return f"payout {payout_id} is already entered"
            self.payouts[payout_id] = -amount
            return None
        if amount <= 0 or self.payouts.get(payout_id) != amount:
            return f"it does not reverse the amount of payout {payout_id}"
        if payout_id in self.reversed_payouts:
            return f"payout {payout_id} is already reversed"
        self.reversed_payouts.add(payout_id)
        return None


def _checks(
    at: LedgerHead, content: dict[str, str | int], head: LedgerHead
) -> Iterator[tuple[bool, str]]:
    """Yield each check: whether it fails, and the problem. Later checks rely on earlier ones."""
    seq = at.seq + 1
    yield content.get("seq") != seq, f"expected seq {seq}, found {content.get('seq')}"
    yield seq > head.seq, f"it is one too many: the head is at {head.seq}"
    unexpected = sorted(content.keys() - _FIELDS) + sorted(_REQUIRED - content.keys())
    yield bool(unexpected), f"fields unknown or missing: {unexpected}"
    not_integers = sorted(name for name in _AMOUNTS if type(content[name]) is not int)
    yield bool(not_integers), f"amounts that are not integers: {not_integers}"
    yield content["hash"] != entry_hash(content), "its hash does not match its content"
    yield content["prev_hash"] != at.hash, "its prev_hash is not the hash of the entry before it"
    yield (
        (content["studio_id"], content["currency"]) != (at.studio_id, at.currency),
        "it has another studio or currency",
    )
    yield from _subject_checks(content)
    amounts = {name: int(content[name]) for name in _AMOUNTS}
    yield from _sum_checks(at, amounts)
    if content["kind"] not in ORDER_KINDS:
        yield from _payout_checks(at, content, amounts)
    yield (
        seq == head.seq and _head_after(at, content) != head,
        "the head does not have its hash, balances or last payout",
    )


def _subject_checks(content: dict[str, str | int]) -> Iterator[tuple[bool, str]]:
    kind = content["kind"]
    yield (
        kind not in ORDER_KINDS | {EntryKind.PAYOUT, EntryKind.PAYOUT_FAILED},
        f"its kind is unknown: {kind}",
    )
    ids = {name for name in ("order_id", "payout_id") if name in content}
    expected = "order_id" if kind in ORDER_KINDS else "payout_id"
    yield ids != {expected}, f"a {kind} must name its {expected}, and no other subject"


def _payout_checks(
    at: LedgerHead, content: dict[str, str | int], amounts: dict[str, int]
) -> Iterator[tuple[bool, str]]:
    """Yield the checks of a payout's amounts: it moves the whole balance, or nothing.

    A payout that was restored from its Stripe transfer moves the transfer's amount.
    """
    payable = amounts["payable_amount"]
    moved = {name for name in _MOVED if amounts[name]}
    yield (
        bool(moved - {"gross_amount", "net_amount", "payable_amount"}),
        "a payout must not move a fee, a share, tax or the direct balance",
    )
    yield (
        content["kind"] == EntryKind.PAYOUT
        and not _is_payout_amount(at, payable, content.get("source")),
        "its amount is not what PPS owed",
    )


def _is_payout_amount(at: LedgerHead, payable: int, source: str | int | None) -> bool:
    if source == RecordSource.STRIPE:
        return payable < 0
    return payable in {0, -max(0, at.payable_balance_amount)}


def _sum_checks(at: LedgerHead, amounts: dict[str, int]) -> Iterator[tuple[bool, str]]:
    net = amounts["net_amount"]
    yield (
        net != amounts["gross_amount"] + amounts["stripe_fee_amount"] + amounts["rev_share_amount"],
        "its gross, Stripe fee and rev share do not add up to its net",
    )
    yield (
        net != amounts["payable_amount"] + amounts["direct_amount"],
        "its payable and direct do not add up to its net",
    )
    yield (
        amounts["payable_balance_amount"] != at.payable_balance_amount + amounts["payable_amount"],
        "its payable balance does not follow from the entry before it",
    )
    yield (
        amounts["direct_balance_amount"] != at.direct_balance_amount + amounts["direct_amount"],
        "its direct balance does not follow from the entry before it",
    )


_REQUIRED = frozenset(field.name for field in fields(LedgerEntry) if field.default is MISSING) | {
    "hash"
}
_AMOUNTS = tuple(sorted(name for name in _FIELDS if name.endswith("_amount")))
_MOVED = tuple(name for name in _AMOUNTS if not name.endswith("_balance_amount"))
