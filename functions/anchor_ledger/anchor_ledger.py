"""Anchoring one studio's ledger, after checking that it continues its last anchor."""

from dataclasses import dataclass
from enum import StrEnum

from shared.clock import Clock, rfc3339
from shared.domain.anchor import Anchor
from shared.domain.ledger import LedgerHead
from shared.domain.ledger_chain import verify_chain
from shared.gateways.anchors import AnchorKey, Anchors
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.ledger_store import LedgerStore


class AnchorMismatchError(Exception):
    """The ledger does not continue its last anchor, or its head does not match its entries."""


class AnchorOutcome(StrEnum):
    """The result for one studio. The values are names of metrics."""

    ANCHORED = "LedgerAnchored"
    ALREADY = "LedgerAnchoredToday"
    UNTOUCHED = "LedgerNotSetBack"


@dataclass(frozen=True, slots=True)
class AnchorLedger:
    """Signs the head of a studio's ledger and stores it where no role can change it.

    Before it signs, it checks that every entry since the last anchor follows from the entry before
    it, up to the head. A day's run reads a day's entries. The first run reads all of them.
    """

    ledger: LedgerStore
    entries: LedgerEntries
    anchors: Anchors
    key: AnchorKey
    clock: Clock

    def __call__(self, studio_id: str) -> AnchorOutcome:
        """Write the studio's anchor of today (UTC), unless it exists.

        Raises:
            AnchorMismatchError: Somebody has changed the ledger.
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
        """Record permanently that the studio's ledger was restored and lacks anchored entries.

        This supersedes the anchors that the ledger does not match. Nothing is recorded if the
        ledger matches its last anchor.

        Args:
            studio_id: The studio's id.
            because: Who restored it, and why, in plain words.

        Raises:
            AnchorMismatchError: The entries of the ledger do not follow from each other.
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
        """Return whether the ledger, up to ``head``, has the entry that was anchored."""
        if anchored.seq == 0:
            return True
        if head.seq < anchored.seq:
            return False
        found = self.entries.contents_between(head.studio_id, anchored.seq, anchored.seq)
        return [entry["hash"] for entry in found] == [anchored.hash]

    def _verify(self, since: LedgerHead, head: LedgerHead) -> None:
        """Check the entries after ``since``, which may be the ledger's beginning, up to ``head``.

        Entries that are written in the meantime come after ``head`` and are not read.
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
