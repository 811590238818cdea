"""Deciding about an adjustment. An approval is one ledger entry, in one transaction."""

from dataclasses import dataclass

from shared.clock import Clock, rfc3339
from shared.domain.adjustment import Adjustment, AdjustmentStatus, Decision, approve, reject
from shared.domain.errors import AdjustmentNotFoundError, BusyError
from shared.domain.record_source import RecordSource
from shared.edge.observability import count, logger
from shared.gateways.adjustment_store import AdjustmentStore
from shared.gateways.adjustments import Adjustments
from shared.gateways.conflict import StaleStateError, tries

# Settlements, imports and payouts change the same ledger; each takes well under a second.
_CONTENTION_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Decider:
    """A PPS admin who decides about an adjustment of a studio, and through what."""

    studio_id: str
    by: str
    source: RecordSource


@dataclass(frozen=True, slots=True)
class DecideAdjustment:
    """Approves and rejects adjustments.

    One transaction writes the adjustment, its ledger entry and the ledger's head, if none of them
    has changed. So of two approvals at the same time one makes the entry, and the other finds it.
    """

    adjustments: Adjustments
    ledger: AdjustmentStore
    clock: Clock

    def approve(self, decider: Decider, adjustment_id: str) -> Adjustment:
        """Enter the adjustment in the ledger and return it. A repeat changes nothing.

        Raises:
            AdjustmentNotFoundError: The studio has no such adjustment.
            OwnAdjustmentError: The decider proposed it.
            AdjustmentDecidedError: It is rejected.
            BusyError: Others kept changing the studio's ledger. Nothing was entered.
        """
        return self._decide(decider, adjustment_id, AdjustmentStatus.APPROVED)

    def reject(self, decider: Decider, adjustment_id: str) -> Adjustment:
        """Record that the adjustment is not made, and return it. A repeat changes nothing.

        Raises:
            AdjustmentNotFoundError: The studio has no such adjustment.
            AdjustmentDecidedError: It is approved.
            BusyError: DynamoDB is throttling. Nothing was recorded.
        """
        return self._decide(decider, adjustment_id, AdjustmentStatus.REJECTED)

    def _decide(self, decider: Decider, adjustment_id: str, wanted: AdjustmentStatus) -> Adjustment:
        for _ in tries(_CONTENTION_SECONDS):
            adjustment = self.adjustments.get(decider.studio_id, adjustment_id)
            if adjustment is None:
                raise AdjustmentNotFoundError("This studio has no such adjustment.")
            try:
                decided = self._record(adjustment, decider, wanted)
            except StaleStateError:
                continue
            if decided is None:
                return adjustment
            _report(decided)
            return decided
        raise BusyError("Others are changing this studio's ledger. Send the request again soon.")

    def _record(
        self, adjustment: Adjustment, decider: Decider, wanted: AdjustmentStatus
    ) -> Adjustment | None:
        """Write the decision and return the adjustment as stored, or None if it has it already."""
        decision = Decision(decider.by, rfc3339(self.clock()), decider.source)
        if wanted is AdjustmentStatus.REJECTED:
            rejected = reject(adjustment, decision)
            return self.adjustments.record_rejection(rejected) if rejected else None
        head = self.ledger.load_head(adjustment.studio_id)
        if head is None:
            raise LookupError(f"studio {adjustment.studio_id} has no ledger")
        approval = approve(adjustment, decision, head)
        return self.ledger.record_approval(approval) if approval else None


def _report(adjustment: Adjustment) -> None:
    count(f"Adjustment{adjustment.status.value.capitalize()}")
    logger.info(
        "adjustment decided",
        studio_id=adjustment.studio_id,
        adjustment_id=adjustment.adjustment_id,
        status=adjustment.status.value,
        amount=adjustment.amount,
        seq=adjustment.entry_seq,
        user=adjustment.decided_by,
    )
