"""A dispute: the parent asks their bank to take a charge's money back.

    inquiry (warning_*)     the bank asks; no money moves, and a refund is the right answer
    needs_response, under_review    Stripe has taken the money and a fee
    won, prevented          the money is back, or was never taken
    lost                    the money stays with the parent; rarely it is won later

A charge can have several disputes. https://docs.stripe.com/disputes/how-disputes-work
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.tax import TaxParts


class DisputeStatus(StrEnum):
    """The statuses that Stripe documents. A newer one counts as open."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    PREVENTED = "prevented"


_INQUIRY = frozenset({DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeStatus.WARNING_UNDER_REVIEW})
# Closed in the studio's favor.
_ENDED_WELL = frozenset({DisputeStatus.WON, DisputeStatus.WARNING_CLOSED, DisputeStatus.PREVENTED})
_NEEDS_RESPONSE = frozenset({DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeStatus.NEEDS_RESPONSE})


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute, as Stripe last reported it. Amounts in minor units, times RFC 3339 in UTC.

    ``withdrawn_amount`` is the money that Stripe has taken and not given back, and ``fee_amount``
    its fee likewise; the ledger has both. ``tax_amount`` is the tax in the withdrawn money, and
    ``tax_parts`` are its parts, if the order's import gave them. ``balance_transaction_ids`` are
    the movements of Stripe's balance, the oldest first. ``due_by`` is when the answer is due.
    ``dismissed_by`` is the user who dismissed a lost dispute, with a note or without one.
    """

    dispute_id: str
    status: str
    amount: int
    is_charge_refundable: bool
    created_at: str
    reason: str | None = None
    due_by: str | None = None
    withdrawn_amount: int = 0
    fee_amount: int = 0
    tax_amount: int = 0
    tax_parts: TaxParts = ()
    balance_transaction_ids: tuple[str, ...] = ()
    dismissed_by: str | None = None
    dismissal_note: str | None = None

    @property
    def is_inquiry(self) -> bool:
        """Whether the bank only asks, so that a refund avoids the dispute."""
        return self.status in _INQUIRY

    @property
    def is_lost(self) -> bool:
        """Whether the parent keeps the money."""
        return self.status == DisputeStatus.LOST

    @property
    def is_open(self) -> bool:
        """Whether its end is not known yet."""
        return not self.is_lost and self.status not in _ENDED_WELL

    @property
    def needs_response(self) -> bool:
        """Whether Stripe waits for an answer."""
        return self.status in _NEEDS_RESPONSE

    @property
    def blocks_refunds(self) -> bool:
        """Whether Stripe refuses to refund the charge because of it."""
        return not self.is_charge_refundable and self.status not in _ENDED_WELL

    @property
    def needs_attention(self) -> bool:
        """Whether people see it on the attention list."""
        return self.is_open or (self.is_lost and self.dismissed_by is None)

    @property
    def held_amount(self) -> int:
        """The disputed money that was not taken yet. A studio may keep it back from payouts."""
        return max(0, self.amount - self.withdrawn_amount) if self.is_open else 0


def with_report(disputes: tuple[Dispute, ...], report: Dispute) -> tuple[Dispute, ...]:
    """Return a charge's disputes with one as Stripe reports it now, the oldest first.

    A dispute that was dismissed stays so while it is lost.
    """
    before = find(disputes, report.dispute_id)
    if before is not None and before.is_lost and report.is_lost:
        report = replace(
            report, dismissed_by=before.dismissed_by, dismissal_note=before.dismissal_note
        )
    others = [each for each in disputes if each.dispute_id != report.dispute_id]
    return tuple(sorted((*others, report), key=lambda each: (each.created_at, each.dispute_id)))


def find(disputes: Iterable[Dispute], dispute_id: str) -> Dispute | None:
    """Return the dispute of that id, or None."""
    return next((each for each in disputes if each.dispute_id == dispute_id), None)
