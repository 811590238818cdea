"""Anchoring one studio's ledger, once it is seen to follow from its last anchor."""

from dataclasses import dataclass
from enum import StrEnum

from shared.clock import Clock, rfc3339
from shared.domain.anchor import Anchor
from shared.domain.ledger import LedgerHead, verify_chain
from shared.gateways.anchors import AnchorKey, Anchors
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.ledger_store import LedgerStore


class AnchorMismatchError(Exception):
    """A ledger does not follow from its last anchor, or its head not from its entries."""


class AnchorOutcome(StrEnum):
    """What became of a studio's anchor, as names of metrics."""

    ANCHORED = "LedgerAnchored"
    ALREADY = "LedgerAnchoredToday"
    UNTOUCHED = "LedgerNotSetBack"


@dataclass(frozen=True, slots=True)
class AnchorLedger:
    """Signs where a studio's ledger stands, and puts that beyond everybody's reach.

    What is not sound is not signed: since the last anchor every entry must follow from the one
    before, up to the head. A day costs the entries of a day; the first time reads them all.
    """

    ledger: LedgerStore
    entries: LedgerEntries
    anchors: Anchors
    key: AnchorKey
    clock: Clock

    def __call__(self, studio_id: str) -> AnchorOutcome:
        """Write the studio's anchor of today (UTC), unless it is there.

        Raises:
            AnchorMismatchError: The ledger was changed behind our back.
        """
        now = rfc3339(self.clock())
        last = self.anchors.newest(studio_id)
        if last is not None and last.anchored_at[:10] == now[:10]:
            return AnchorOutcome.ALREADY
        head = self._head(studio_id)
        self._verify(last.head if last else _beginning(head), head)
        written = self.anchors.write(self.key.sign(Anchor(head, now)))
        return AnchorOutcome.ANCHORED if written else AnchorOutcome.ALREADY

    def restored(self, studio_id: str, because: str) -> AnchorOutcome:
        """Record for good that the studio's ledger was restored, and lacks what was anchored.

        The anchors that it does not keep to bind no more. Nothing is recorded where it keeps to
        the last one.

        Args:
            studio_id: Whose.
            because: Who did it, and why, in words for people.

        Raises:
            AnchorMismatchError: What there is of the ledger is not sound.
        """
        head = self._head(studio_id)
        kept = 0
        for number, anchor in enumerate(self.anchors.newest_first(studio_id)):
            if self._keeps_to(anchor.head, head):
                if number == 0:
                    return AnchorOutcome.UNTOUCHED
                kept = anchor.head.seq
                break
        self._verify(_beginning(head), head)
        anchor = Anchor(head, rfc3339(self.clock()), kept, because)
        self.anchors.write(self.key.sign(anchor))
        return AnchorOutcome.ANCHORED

    def _head(self, studio_id: str) -> LedgerHead:
        head = self.ledger.load_head(studio_id)
        if head is None:
            raise AnchorMismatchError(f"studio {studio_id} has no ledger head")
        return head

    def _keeps_to(self, anchored: LedgerHead, head: LedgerHead) -> bool:
        """Return whether the ledger that stands at ``head`` has the entry that was anchored."""
        if anchored.seq == 0:
            return True
        if head.seq < anchored.seq:
            return False
        found = self.entries.contents_between(head.studio_id, anchored.seq, anchored.seq)
        return [entry["hash"] for entry in found] == [anchored.hash]

    def _verify(self, since: LedgerHead, head: LedgerHead) -> None:
        """Check the ledger from one head, which may be its beginning, to another.

        Entries that come in meanwhile are after ``head`` and are not read.
        """
        if not self._keeps_to(since, head):
            raise AnchorMismatchError(f"entry {since.seq} is not there as it was anchored")
        found = self.entries.contents_between(head.studio_id, since.seq + 1, head.seq)
        _, fault = verify_chain(found, head, since)
        if fault is not None:
            raise AnchorMismatchError(f"entry {fault.seq}: {fault.problem}")


def _beginning(head: LedgerHead) -> LedgerHead:
    """Return the head of the studio's ledger before its first entry."""
    return LedgerHead(head.studio_id, head.currency)
