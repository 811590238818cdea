"""A manual adjustment: a correction of what PPS owes a studio. It takes two PPS admins.

    proposed ──another PPS admin approves──► approved    one ledger entry, for the next payout
        └─────any PPS admin rejects────────► rejected    no entry; the proposer may withdraw it so

A proposal never expires. A decision is final: an approved adjustment is corrected by another one.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.errors import AdjustmentDecidedError, OwnAdjustmentError
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, LedgerHead, Posting, append
from shared.domain.record_source import RecordSource

# Stripe transfers eight digits in every currency. A larger correction takes several adjustments.
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
MAX_AMOUNT = 99_999_999


class AdjustmentStatus(StrEnum):
    """The state of an adjustment. Only ``proposed`` leads to another one."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class AdjustmentStep:
    """A state that an adjustment reached: when (RFC 3339, UTC), by whom, and through what."""

    status: AdjustmentStatus
    at: str
    by: str
    source: RecordSource


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A correction of a studio's payable balance: who proposed it, and who decided how.

    ``amount`` is in minor units of the studio's currency: positive if the studio gains, never 0.
    ``reason`` is for the studio to read. ``source`` says how it was proposed. ``entry_seq`` is its
    ledger entry. Users are ids; times RFC 3339 in UTC.

    Raises:
        ValueError: The amount is 0 or above ``MAX_AMOUNT``, or the reason is blank.
    """

    adjustment_id: str
    studio_id: str
    amount: int
    currency: str
    reason: str
    status: AdjustmentStatus
    proposed_by: str
    proposed_at: str
    source: RecordSource
    fingerprint: str
    correlation_id: str
    reference: str | None = None
    decided_by: str | None = None
    decided_at: str | None = None
    entry_seq: int | None = None
    version: int = 0
    history: tuple[AdjustmentStep, ...] = ()

    def __post_init__(self) -> None:
        """Check the amount and the reason."""
        if not 0 < abs(self.amount) <= MAX_AMOUNT:
            raise ValueError(f"an adjustment of {self.amount}")
        if not self.reason.strip():
            raise ValueError("an adjustment without a reason")

    @property
    def is_proposed(self) -> bool:
        """Whether it waits for a decision."""
        return self.status is AdjustmentStatus.PROPOSED

    @property
    def is_approved(self) -> bool:
        """Whether the ledger has it."""
        return self.status is AdjustmentStatus.APPROVED

    def with_decision(self, step: AdjustmentStep) -> "Adjustment":
        """Return it as decided, with the decision in its history."""
        return replace(
            self,
            status=step.status,
            decided_by=step.by,
            decided_at=step.at,
            history=(*self.history, step),
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides about an adjustment, when (RFC 3339, UTC), and through what."""

    by: str
    at: str
    source: RecordSource


@dataclass(frozen=True, slots=True)
class Approval:
    """An approved adjustment, and its ledger entry with the heads before and after."""

    adjustment: Adjustment
    posting: Posting


def adjustment_id_of(studio_id: str, idempotency_key: str) -> str:
    """Return the adjustment id that a client's key has for a studio. It never changes."""
    digest = hashlib.sha256(f"adjustment {studio_id}\n{idempotency_key}".encode()).hexdigest()
    return f"adj_{digest[:24]}"


def approve(adjustment: Adjustment, decision: Decision, head: LedgerHead) -> Approval | None:
    """Return the approval, or None if it is approved already.

    Args:
        adjustment: The adjustment as stored.
        decision: Another user than the proposer, and when.
        head: The studio's ledger head now.

    Raises:
        OwnAdjustmentError: The same user proposed it.
        AdjustmentDecidedError: It is rejected.
        ValueError: The ledger is another studio's.
    """
    if is_same_user(adjustment.proposed_by, decision.by):
        raise OwnAdjustmentError(
            "You proposed this adjustment. Ask another PPS admin to approve it."
        )
    if _is_decided(adjustment, AdjustmentStatus.APPROVED):
        return None
    if (head.studio_id, head.currency) != (adjustment.studio_id, adjustment.currency):
        raise ValueError(f"adjustment {adjustment.adjustment_id} is not of this ledger")
    entry, after = append(head, _facts(adjustment, decision), _amounts(adjustment.amount))
    step = AdjustmentStep(AdjustmentStatus.APPROVED, decision.at, decision.by, decision.source)
    approved = replace(adjustment.with_decision(step), entry_seq=entry.seq)
    return Approval(approved, Posting(entry, head, after))


def reject(adjustment: Adjustment, decision: Decision) -> Adjustment | None:
    """Return the rejected adjustment, or None if it is rejected already.

    Raises:
        AdjustmentDecidedError: It is approved.
    """
    if _is_decided(adjustment, AdjustmentStatus.REJECTED):
        return None
    return adjustment.with_decision(
        AdjustmentStep(AdjustmentStatus.REJECTED, decision.at, decision.by, decision.source)
    )


def is_same_user(one: str, other: str) -> bool:
    """Return whether two user ids are one person's. Letter case does not make two people."""
    return one.strip().casefold() == other.strip().casefold()


def _is_decided(adjustment: Adjustment, wanted: AdjustmentStatus) -> bool:
    if adjustment.is_proposed:
        return False
    if adjustment.status is not wanted:
        raise AdjustmentDecidedError(
            f"This adjustment is already {adjustment.status}, and a decision is final. To correct "
            "the balance, propose another adjustment."
        )
    return True


def _facts(adjustment: Adjustment, decision: Decision) -> EntryFacts:
    return EntryFacts(
        kind=EntryKind.ADJUSTMENT,
        order_id=None,
        recorded_at=decision.at,
        reason=adjustment.reason,
        source=adjustment.source,
        processed_by=adjustment.proposed_by,
        correlation_id=adjustment.correlation_id,
        adjustment_id=adjustment.adjustment_id,
        approved_by=decision.by,
    )


def _amounts(amount: int) -> EntryAmounts:
    return EntryAmounts(
        gross_amount=amount,
        stripe_fee_amount=0,
        rev_share_amount=0,
        payable_amount=amount,
        direct_amount=0,
    )
