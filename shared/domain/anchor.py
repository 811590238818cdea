"""Anchors: signed statements of a studio's ledger head, stored where nobody can change them.

Somebody who can write both tables can forge a whole ledger whose hash chain is valid. The forged
ledger cannot match an anchor, because an anchor names the hash of an entry in the true ledger.

A restore removes the entries after a point in time, and new entries take their numbers. The anchor
of a restore records that point. Earlier anchors beyond it are *superseded*; all others still bind.
The restore stays visible for as long as anchors are kept.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from shared.domain.ledger import GENESIS_HASH, LedgerHead

type Statement = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A ledger's head at a time; ``anchored_at`` is RFC 3339 in UTC.

    The other two fields are set only after a restore. Nothing else may change anchored entries.
    ``restored_to_seq`` is the last anchored entry that the ledger still has, or 0.
    ``restored_because`` says for people who restored it and why.
    """

    head: LedgerHead
    anchored_at: str
    restored_to_seq: int | None = None
    restored_because: str | None = None

    def statement(self) -> Statement:
        """Return the fields to sign: the head's and the anchor's own, without None values."""
        own = {name: getattr(self, name) for name in _OWN_FIELDS | _RESTORE_FIELDS}
        stated = _stated(self.head) | own
        return {name: value for name, value in stated.items() if value is not None}

    def signed_bytes(self) -> bytes:
        """Return the bytes to sign: JSON with sorted keys, no spaces and ASCII escapes."""
        return json.dumps(self.statement(), sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class SignedAnchor:
    """An anchor with its signature (ECDSA over SHA-256, DER) and the id of the key that signed."""

    anchor: Anchor
    signature: bytes
    key_id: str


# What a head says about the entries: not when it is anchored.
_HEAD_FIELDS = frozenset(field.name for field in fields(LedgerHead) if field.compare)
_OWN_FIELDS = frozenset({"anchored_at"})
_RESTORE_FIELDS = frozenset({"restored_to_seq", "restored_because"})


def anchor_from(statement: Statement) -> Anchor:
    """Return the anchor that a statement describes.

    Raises:
        ValueError: The statement has other fields than an anchor.
    """
    more = statement.keys() - _HEAD_FIELDS - _OWN_FIELDS
    missing = (_HEAD_FIELDS | _OWN_FIELDS) - statement.keys()
    if missing or more not in (set(), _RESTORE_FIELDS):
        raise ValueError(f"no statement of an anchor: {sorted(statement)}")
    head = {name: statement[name] for name in _HEAD_FIELDS}
    own = {name: statement[name] for name in _OWN_FIELDS | more}
    return Anchor(LedgerHead(**head), **own)  # type: ignore[arg-type]  # the signed fields have these names and types


def _stated(head: LedgerHead) -> Statement:
    return {name: value for name, value in asdict(head).items() if name in _HEAD_FIELDS}


# In place of a verified head: verify from the ledger's last anchor on.
LAST_ANCHOR = "last_anchor"


@dataclass(frozen=True, slots=True)
class AnchorWork:
    """A ledger to anchor, and from where on to verify it.

    ``verified`` is ``LAST_ANCHOR``, or the head up to which an earlier worker verified the ledger,
    in the form of ``place_of``. The place travels only in the queue. Whoever can write the tables
    must not be able to say that entries are verified.
    """

    studio_id: str
    verified: str = LAST_ANCHOR

    @property
    def place(self) -> LedgerHead | None:
        """The head up to which the ledger is verified; None stands for its last anchor.

        Raises:
            ValueError: ``verified`` is neither ``LAST_ANCHOR`` nor such a head of the studio.
        """
        if self.verified == LAST_ANCHOR:
            return None
        stated = json.loads(self.verified)
        if not isinstance(stated, dict) or stated.keys() != _HEAD_FIELDS:
            raise ValueError("it has other fields than a ledger's head")
        if stated["studio_id"] != self.studio_id:
            raise ValueError("it is the head of another studio")
        return LedgerHead(**stated)


def place_of(head: LedgerHead) -> str:
    """Return a verified head as one line of JSON."""
    return json.dumps(_stated(head), sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class AnchorFault:
    """An anchor that the ledger does not match, and why."""

    anchored_at: str
    problem: str


def superseded(anchors: Sequence[Anchor]) -> set[Anchor]:
    """Return the anchors of entries that a later restore removed.

    Args:
        anchors: A studio's anchors in order of time.
    """
    found = set()
    restored_to: int | None = None
    for anchor in reversed(anchors):
        if restored_to is not None and anchor.head.seq > restored_to:
            found.add(anchor)
        if anchor.restored_to_seq is not None:
            # Of several restores, the one to the earliest entry counts.
            to_seq = anchor.restored_to_seq
            restored_to = to_seq if restored_to is None else min(restored_to, to_seq)
    return found


def verify_anchors(
    anchors: Sequence[Anchor], ends_at: int, hashes: Mapping[int, str]
) -> AnchorFault | None:
    """Return the first anchor that the ledger does not match, or None.

    Args:
        anchors: The studio's anchors, in order of time. Their signatures are already checked.
        ends_at: The number of the ledger's last entry, or 0. Its hash chain is already checked.
        hashes: The hashes of the anchored entries, by number.
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
