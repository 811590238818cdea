"""Anchors: signed statements of where a studio's ledger stood, kept where nobody can change them.

A forger who may write both tables can chain a false ledger again so that it verifies by itself.
He cannot make it match an anchor, which names the hash of an entry that is in the true ledger.

After a restore the ledger lacks what came after the point it was restored to, and goes on another
way. An anchor that says so makes those beyond that point *superseded*; those before it bind still.
It stays in sight for as long as anchors are kept.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from shared.domain.ledger import GENESIS_HASH, LedgerHead

type Statement = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a ledger stood; ``anchored_at`` is RFC 3339 in UTC.

    The other two are set where the ledger was restored, the one way in which it may leave what is
    anchored: ``restored_to_seq`` is the last anchored entry that it still has, 0 where there is
    none, and ``restored_because`` who did it, and why, in words for people.
    """

    head: LedgerHead
    anchored_at: str
    restored_to_seq: int | None = None
    restored_because: str | None = None

    def statement(self) -> Statement:
        """Return what is signed: the head's fields and the anchor's own, without what is None."""
        own = {name: getattr(self, name) for name in _OWN_FIELDS | _OF_RESTORES}
        said = asdict(self.head) | own
        return {name: value for name, value in said.items() if value is not None}

    def signed_bytes(self) -> bytes:
        """Return the statement as it is signed: JSON, sorted keys, no spaces, ASCII escapes."""
        return json.dumps(self.statement(), sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class SignedAnchor:
    """An anchor with its ECDSA signature over SHA-256 (DER) by the key of that id."""

    anchor: Anchor
    signature: bytes
    key_id: str


_HEAD_FIELDS = frozenset(field.name for field in fields(LedgerHead))
_OWN_FIELDS = frozenset({"anchored_at"})
_OF_RESTORES = frozenset({"restored_to_seq", "restored_because"})


def anchor_from(statement: Statement) -> Anchor:
    """Return the anchor of a statement.

    Raises:
        ValueError: It is not one.
    """
    more = statement.keys() - _HEAD_FIELDS - _OWN_FIELDS
    missing = (_HEAD_FIELDS | _OWN_FIELDS) - statement.keys()
    if missing or more not in (set(), _OF_RESTORES):
        raise ValueError(f"no statement of an anchor: {sorted(statement)}")
    head = {name: statement[name] for name in _HEAD_FIELDS}
    own = {name: statement[name] for name in _OWN_FIELDS | more}
    return Anchor(LedgerHead(**head), **own)  # type: ignore[arg-type]  # names and types are those that were signed


@dataclass(frozen=True, slots=True)
class AnchorFault:
    """An anchor that the ledger does not keep to, and how."""

    anchored_at: str
    problem: str


def superseded(anchors: Sequence[Anchor]) -> set[Anchor]:
    """Return the anchors that a later restore has gone back behind; anchors in order of time."""
    found = set()
    restored_to: int | None = None
    for anchor in reversed(anchors):
        if restored_to is not None and anchor.head.seq > restored_to:
            found.add(anchor)
        if anchor.restored_to_seq is not None:
            # Of several restores the one that went back furthest.
            to_seq = anchor.restored_to_seq
            restored_to = to_seq if restored_to is None else min(restored_to, to_seq)
    return found


def verify_anchors(
    anchors: Sequence[Anchor], ends_at: int, hashes: Mapping[int, str]
) -> AnchorFault | None:
    """Check a ledger whose chain is sound against its anchors.

    Args:
        anchors: The studio's, in order of time, their signatures checked.
        ends_at: The number of the ledger's last entry, 0 where there is none.
        hashes: The hashes of the entries that are anchored, by number.

    Returns:
        The first fault, or None.
    """
    return next(_faults(anchors, ends_at, hashes), None)


def _faults(
    anchors: Sequence[Anchor], ends_at: int, hashes: Mapping[int, str]
) -> Iterator[AnchorFault]:
    void = superseded(anchors)
    before = 0
    for anchor in anchors:
        seq = anchor.head.seq
        if seq < before and anchor.restored_to_seq is None:
            problem = f"it goes back to entry {seq}, and entry {before} was anchored before"
            yield AnchorFault(anchor.anchored_at, problem)
        before = seq
        if anchor in void:
            continue
        if seq > ends_at:
            problem = f"entry {seq} is anchored, and the ledger ends at {ends_at}: it was cut off"
            yield AnchorFault(anchor.anchored_at, problem)
        elif (GENESIS_HASH if seq == 0 else hashes[seq]) != anchor.head.hash:
            problem = f"entry {seq} is not the one that was anchored: history was rewritten"
            yield AnchorFault(anchor.anchored_at, problem)
