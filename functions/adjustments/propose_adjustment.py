"""Proposing an adjustment: recorded once for each idempotency key. It moves no money."""

from dataclasses import dataclass

from functions.adjustments.bodies import AdjustmentBody
from shared.clock import Clock, rfc3339
from shared.domain.adjustment import (
    Adjustment,
    AdjustmentStatus,
    AdjustmentStep,
    adjustment_id_of,
)
from shared.domain.errors import BusyError, IdempotencyKeyReusedError, StudioNotFoundError
from shared.domain.ledger import LedgerHead
from shared.domain.record_source import RecordSource
from shared.edge.fingerprint import fingerprint_of
from shared.edge.observability import count, logger
from shared.gateways.adjustment_store import AdjustmentStore
from shared.gateways.adjustments import Adjustments
from shared.gateways.conflict import StaleStateError, tries

_CONTENTION_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A checked proposal. The proposer's key and body make it idempotent."""

    studio_id: str
    by: str
    source: RecordSource
    idempotency_key: str
    body: AdjustmentBody
    correlation_id: str

    @property
    def adjustment_id(self) -> str:
        """The adjustment's id. The same studio and key always give the same id."""
        return adjustment_id_of(self.studio_id, self.idempotency_key)

    @property
    def fingerprint(self) -> str:
        """A digest of the body. It shows whether a repeated key came with the same body."""
        return fingerprint_of(self.body.model_dump(mode="json"))


@dataclass(frozen=True, slots=True)
class ProposeAdjustment:
    """Records a proposal for another PPS admin to decide about."""

    adjustments: Adjustments
    ledger: AdjustmentStore
    clock: Clock

    def __call__(self, proposal: Proposal) -> Adjustment:
        """Record the proposal and return it. A repeat returns what the first one made.

        Raises:
            StudioNotFoundError: There is no such studio.
            IdempotencyKeyReusedError: The key has made another proposal.
            BusyError: DynamoDB is throttling. Nothing was recorded.
        """
        for _ in tries(_CONTENTION_SECONDS):
            known = self.adjustments.get(proposal.studio_id, proposal.adjustment_id)
            if known is not None:
                return _answer_again(known, proposal)
            head = self.ledger.load_head(proposal.studio_id)
            if head is None:
                raise StudioNotFoundError("There is no such studio. Check its id.")
            adjustment = _proposed(proposal, head, rfc3339(self.clock()))
            try:
                self.adjustments.record_proposal(adjustment)
            except StaleStateError:
                continue
            count("AdjustmentProposed")
            logger.info(
                "adjustment proposed",
                studio_id=adjustment.studio_id,
                adjustment_id=adjustment.adjustment_id,
                amount=adjustment.amount,
                user=adjustment.proposed_by,
            )
            return adjustment
        raise BusyError(
            "Too many writes at once. Send the request again with the same Idempotency-Key."
        )


def _proposed(proposal: Proposal, head: LedgerHead, at: str) -> Adjustment:
    step = AdjustmentStep(AdjustmentStatus.PROPOSED, at, proposal.by, proposal.source)
    return Adjustment(
        adjustment_id=proposal.adjustment_id,
        studio_id=proposal.studio_id,
        amount=proposal.body.amount,
        currency=head.currency,
        reason=proposal.body.reason,
        reference=proposal.body.reference,
        status=AdjustmentStatus.PROPOSED,
        proposed_by=proposal.by,
        proposed_at=at,
        source=proposal.source,
        fingerprint=proposal.fingerprint,
        correlation_id=proposal.correlation_id,
        history=(step,),
    )


def _answer_again(known: Adjustment, proposal: Proposal) -> Adjustment:
    if known.fingerprint != proposal.fingerprint:
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key has already proposed another adjustment for this studio. Use a "
            "new key for a new proposal."
        )
    return known
