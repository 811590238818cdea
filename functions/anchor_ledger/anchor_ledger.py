"""Anchoring one studio's ledger, after checking that it continues its last anchor."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from shared.clock import Clock, rfc3339
from shared.domain.anchor import Anchor, AnchorWork, place_of
from shared.domain.ledger import LISTED_AFTER_CHANGE, LedgerHead, anchor_due_after
from shared.domain.ledger_chain import follow_chain, verify_chain
from shared.edge.observability import logger
from shared.gateways.anchors import AnchorKey, Anchors
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.queues import AnchorQueue

# Settlements and imports change the same head; each takes well under a second.
_CONTENTION_SECONDS = 15.0

# The time is looked at once for so many entries: about a page of DynamoDB's.
_ENTRIES_BETWEEN_LOOKS = 1_000


class AnchorMismatchError(Exception):
    """The ledger does not continue its last anchor, or its head does not match its entries."""


class AnchorOutcome(StrEnum):
    """The result for one studio. The values are names of metrics."""

    ANCHORED = "LedgerAnchored"
    ALREADY = "LedgerAnchoredToday"
    UNCHANGED = "LedgerUnchanged"
    CONTINUES = "LedgerAnchorContinues"
    UNTOUCHED = "LedgerNotSetBack"


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class AnchorLedger:
    """Signs the head of a studio's ledger and stores it where no role can change it.

    Before it signs, it checks that every entry since the last anchor follows from the entry before
    it, up to the head. A day's run reads a day's entries. The first run reads all of them. If its
    time does not suffice, it sends a message with the place it has reached, and another worker goes
    on from there.
    """

    ledger: LedgerStore
    entries: LedgerEntries
    anchors: Anchors
    key: AnchorKey
    queue: AnchorQueue
    clock: Clock

    def __call__(
        self, work: AnchorWork, *, time_is_up: Callable[[], bool] = _never
    ) -> AnchorOutcome:
        """Write the studio's anchor of today (UTC), unless it exists or nothing was entered since.

        Args:
            work: The studio, and up to where its ledger is already verified.
            time_is_up: Whether to stop, so that the function does not time out.

        Raises:
            AnchorMismatchError: Somebody has changed the ledger.
            ValueError: The place in ``work`` is not one.
        """
        now = rfc3339(self.clock())
        last, head = self.anchors.newest(work.studio_id), self._head(work.studio_id)
        if last is not None and last.anchored_at[:10] == now[:10]:
            self._list_again(last, head, now)
            return AnchorOutcome.ALREADY
        since = _later(last.head if last else _beginning(head), work.place)
        verified = self._follow(since, head, time_is_up)
        if verified.seq < head.seq:
            self.queue.announce([AnchorWork(work.studio_id, place_of(verified))], now[:13])
            logger.info("anchor continues", studio_id=work.studio_id, verified_seq=verified.seq)
            return AnchorOutcome.CONTINUES
        if last is not None and last.head == head:
            self._list_again(last, head, now)
            return AnchorOutcome.UNCHANGED
        anchor = Anchor(head, now)
        written = self.anchors.write(self.key.sign(anchor))
        if written:  # or another worker wrote another head, and lists the ledger again
            self._list_again(anchor, head, now)
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
        self._verify_all(head)
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

    def _follow(
        self, since: LedgerHead, head: LedgerHead, time_is_up: Callable[[], bool]
    ) -> LedgerHead:
        """Check the entries after ``since``, and return the head up to which they are right.

        That is ``head``, or an earlier one if the time is up. Entries that are written in the
        meantime come after ``head`` and are not read.
        """
        if not self._keeps_to(since, head):
            raise AnchorMismatchError(f"entry {since.seq} is not there as it was anchored")
        stopped = False

        def in_time() -> Iterator[dict[str, str | int]]:
            nonlocal stopped
            found = self.entries.contents_between(head.studio_id, since.seq + 1, head.seq)
            for number, content in enumerate(found, 1):
                yield content
                if number % _ENTRIES_BETWEEN_LOOKS == 0 and time_is_up():
                    stopped = True
                    return

        verified, fault = follow_chain(in_time(), head, since)
        if fault is None and not stopped:
            _, fault = verify_chain((), head, verified)
        if fault is not None:
            raise AnchorMismatchError(f"entry {fault.seq}: {fault.problem}")
        return verified

    def _verify_all(self, head: LedgerHead) -> None:
        found = self.entries.contents_between(head.studio_id, 1, head.seq)
        _, fault = verify_chain(found, head)
        if fault is not None:
            raise AnchorMismatchError(f"entry {fault.seq}: {fault.problem}")

    def _list_again(self, anchor: Anchor, head: LedgerHead, now: str) -> None:
        """List the ledger for tomorrow, or take it off the list if it has not changed for days.

        It stays due if others keep changing the head. The next run then finds today's anchor, and
        only does this.
        """
        quiet_since = rfc3339(self.clock() - LISTED_AFTER_CHANGE)
        for _ in tries(_CONTENTION_SECONDS):
            is_quiet = head.seq == anchor.head.seq and anchor.anchored_at < quiet_since
            due_at = None if is_quiet else anchor_due_after(now)
            if head.anchor_due_at == due_at:
                return
            try:
                self.ledger.set_anchor_due(head, due_at)
            except StaleStateError:
                head = self._head(head.studio_id)
            else:
                return


def _beginning(head: LedgerHead) -> LedgerHead:
    """Return the head of the studio's ledger before its first entry."""
    return LedgerHead(head.studio_id, head.currency)


def _later(anchored: LedgerHead, place: LedgerHead | None) -> LedgerHead:
    """Return the later of two verified heads."""
    return anchored if place is None or place.seq <= anchored.seq else place
