"""Checks that a studio's stored ledger is a correct chain of entries."""

from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, field, fields

from shared.domain.ledger import (
    DISPUTE_KINDS,
    OPENING_KINDS,
    ORDER_KINDS,
    PAYOUT_KINDS,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    entry_hash,
)
from shared.domain.ledger_closings import ClosingCheck


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
        since: An earlier head that is known to be right. Duplicates, and wrong amounts of payouts
            that close only entries before it, are found only without it.

    Returns:
        The number of the last correct entry, and the first fault or None.
    """
    at, fault = follow_chain(contents, head, since)
    if fault is not None:
        return at.seq, fault
    if at.seq < head.seq:
        return at.seq, ChainFault(at.seq + 1, f"it is missing: the head is at {head.seq}")
    if at != head:  # Only an empty ledger: `_checks` compares a last entry with the head.
        return at.seq, ChainFault(at.seq, "the head has balances or a hash, but there is no entry")
    return at.seq, None


def follow_chain(
    contents: Iterable[dict[str, str | int]], head: LedgerHead, since: LedgerHead | None = None
) -> tuple[LedgerHead, ChainFault | None]:
    """Check entries as ``verify_chain`` does, but they may end before ``head``.

    Returns:
        The head after the last correct entry, and the first fault or None. A later check can go on
        from that head.
    """
    at = since or LedgerHead(head.studio_id, head.currency)
    duplicates = _DuplicateCheck()
    closings = ClosingCheck(at)
    is_whole_ledger = since is None or since.seq == 0
    for content in contents:
        problem = _problem(at, content, head) or closings.problem(content)
        if is_whole_ledger:
            problem = problem or duplicates.problem(content)
        if problem:
            return at, ChainFault(at.seq + 1, problem)
        at = _head_after(at, content)
    return at, None


def _head_after(at: LedgerHead, content: dict[str, str | int]) -> LedgerHead:
    return LedgerHead(
        str(content["studio_id"]),
        str(content["currency"]),
        int(content["seq"]),
        int(content["payable_balance_amount"]),
        int(content["direct_balance_amount"]),
        str(content["hash"]),
        int(content.get("closed_seq", at.closed_seq)),
        int(content.get("carried_amount", at.carried_amount)),
    )


def _problem(at: LedgerHead, content: dict[str, str | int], head: LedgerHead) -> str | None:
    """Return the first problem of the entry that should follow ``at``, or None."""
    return next((problem for wrong, problem in _checks(at, content, head) if wrong), None)


@dataclass(frozen=True, slots=True)
class _DuplicateCheck:
    """Finds sales, refunds, disputes, payouts and adjustments that are entered or reversed twice.

    ``payouts`` has the amount of each payout that is still out, and ``disputes`` the money that
    each dispute still has. ``once`` has the sales and the adjustments.
    """

    refunds: set[str] = field(default_factory=set)
    payouts: dict[str, int] = field(default_factory=dict)
    disputes: dict[str, int] = field(default_factory=dict)
    once: set[str] = field(default_factory=set)

    def problem(self, content: dict[str, str | int]) -> str | None:
        """Return the problem if an entry is a duplicate, or None. Remember the entry."""
        kind = content["kind"]
        if kind in DISPUTE_KINDS:
            return self._dispute(content, str(content["dispute_id"]))
        if kind in {EntryKind.SALE, EntryKind.OPENING_SALE}:
            return self._only_once(f"the sale of order {content['order_id']}")
        if kind == EntryKind.ADJUSTMENT:
            return self._only_once(f"adjustment {content['adjustment_id']}")
        if kind in PAYOUT_KINDS:
            return self._payout(content, str(content["payout_id"]))
        return self._refund(str(kind), content.get("stripe_refund_id"))

    def _only_once(self, name: str) -> str | None:
        if name in self.once:
            return f"{name} is already entered"
        self.once.add(name)
        return None

    def _dispute(self, content: dict[str, str | int], dispute_id: str) -> str | None:
        taken = self.disputes.get(dispute_id, 0) - int(content["gross_amount"])
        if taken < 0:
            return f"more comes back than dispute {dispute_id} took"
        self.disputes[dispute_id] = taken
        return None

    def _refund(self, kind: str, stripe_refund_id: str | int | None) -> str | None:
        if not isinstance(stripe_refund_id, str):
            return None
        if kind in {EntryKind.REFUND, EntryKind.OPENING_REFUND}:
            if stripe_refund_id in self.refunds:
                return f"Stripe's refund {stripe_refund_id} is already entered"
            self.refunds.add(stripe_refund_id)
        elif kind == EntryKind.REFUND_FAILED:
            self.refunds.discard(stripe_refund_id)
        return None

    def _payout(self, content: dict[str, str | int], payout_id: str) -> str | None:
        amount = int(content["payable_amount"])
        if content["kind"] == EntryKind.PAYOUT_CLOSED:
            if payout_id in self.payouts:
                return f"payout {payout_id} is already entered"
            self.payouts[payout_id] = -amount
            return None
        left = self.payouts.get(payout_id, 0)
        if amount <= 0 or amount > left:
            return f"it reverses more than is left of payout {payout_id}"
        if content["kind"] == EntryKind.PAYOUT_FAILED and amount != left:
            return f"it does not reverse the whole amount of payout {payout_id}"
        self.payouts[payout_id] = left - amount
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
    not_integers = sorted(name for name in _INTEGERS if type(content.get(name, 0)) is not int)
    yield bool(not_integers), f"amounts that are not integers: {not_integers}"
    yield content["hash"] != entry_hash(content), "its hash does not match its content"
    yield content["prev_hash"] != at.hash, "its prev_hash is not the hash of the entry before it"
    yield (
        (content["studio_id"], content["currency"]) != (at.studio_id, at.currency),
        "it has another studio or currency",
    )
    yield from _subject_checks(content)
    amounts = {name: int(content.get(name, 0)) for name in _AMOUNTS}
    yield from _sum_checks(at, amounts)
    if "elsewhere_amount" in content:
        yield (
            bool(amounts["payable_amount"] or amounts["direct_amount"]),
            "what was paid out elsewhere must not move a balance",
        )
    if content["kind"] not in ORDER_KINDS:
        yield from _plain_amount_checks(content, amounts)
    yield (
        seq == head.seq and _head_after(at, content) != head,
        "the head does not have its hash, balances or what is closed",
    )


# The ids that say what an entry of each kind is about.
_SUBJECT: dict[EntryKind, frozenset[str]] = {
    **dict.fromkeys(ORDER_KINDS, frozenset({"order_id"})),
    **dict.fromkeys(DISPUTE_KINDS, frozenset({"order_id", "dispute_id"})),
    **dict.fromkeys(PAYOUT_KINDS, frozenset({"payout_id"})),
    EntryKind.ADJUSTMENT: frozenset({"adjustment_id"}),
}
_SUBJECT_IDS = frozenset[str]().union(*_SUBJECT.values())
_CLOSING_FIELDS = frozenset({"closed_seq", "carried_amount"})


def _subject_checks(content: dict[str, str | int]) -> Iterator[tuple[bool, str]]:
    kind = str(content["kind"])
    yield kind not in set(EntryKind), f"its kind is unknown: {kind}"
    expected = _SUBJECT[EntryKind(kind)]
    yield (
        _SUBJECT_IDS & content.keys() != expected,
        f"a {kind} must name its {' and '.join(sorted(expected))}, and no other subject",
    )
    has_elsewhere = "elsewhere_amount" in content
    yield (
        has_elsewhere != (kind in OPENING_KINDS) and kind not in DISPUTE_KINDS,
        "opening entries and old disputes have an amount elsewhere, and no others",
    )
    of_closing = _CLOSING_FIELDS if kind == EntryKind.PAYOUT_CLOSED else frozenset[str]()
    yield (
        _CLOSING_FIELDS & content.keys() != of_closing,
        "entries that close a payout have a closed_seq and a carried amount, and no others",
    )


def _plain_amount_checks(
    content: dict[str, str | int], amounts: dict[str, int]
) -> Iterator[tuple[bool, str]]:
    """Yield the check of an entry about a payout or an adjustment: it moves one plain amount."""
    moved = {name for name in _MOVED if amounts[name]}
    yield (
        bool(moved - {"gross_amount", "net_amount", "payable_amount"}),
        f"a {content['kind']} must not move a fee, a share, tax or the direct balance",
    )


def _sum_checks(at: LedgerHead, amounts: dict[str, int]) -> Iterator[tuple[bool, str]]:
    net = amounts["net_amount"]
    yield (
        net != amounts["gross_amount"] + amounts["stripe_fee_amount"] + amounts["rev_share_amount"],
        "its gross, Stripe fee and rev share do not add up to its net",
    )
    yield (
        net != amounts["payable_amount"] + amounts["direct_amount"] + amounts["elsewhere_amount"],
        "its payable, direct and elsewhere do not add up to its net",
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
_INTEGERS = (*_AMOUNTS, "closed_seq")
# Balances and what a payout carries over are states. The other amounts move something.
_MOVED = tuple(
    name
    for name in _AMOUNTS
    if not name.endswith("_balance_amount") and name not in _CLOSING_FIELDS
)
