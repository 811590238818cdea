"""A payout: it closes a studio's open ledger entries and pays what PPS owes.

    closing ──► transferring ──► paid
                     └─────────► failed      the balance has it back, for the next payout
    held                                     the studio has no account to transfer to
    carried                                  nothing is owed, or the studio owes

Closing is one ledger entry. It pays the whole balance if PPS owes it, and nothing otherwise. What
is not paid stays in the balance, so the next payout contains it.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from shared.domain.ledger import (
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    RecordSource,
    append,
)
from shared.domain.payout_schedule import PayoutPeriod
from shared.domain.stripe_transfer import StripeTransfer

# The next payout run resumes a transfer that has not ended by then.
FIRST_POLL_DELAY = timedelta(minutes=5)

NO_ACCOUNT = "no_payout_account"
NEGATIVE_BALANCE = "negative_balance"
NOTHING_OWED = "nothing_owed"
# Restored from Stripe's transfer.
RESTORED = "restored"


class PayoutStatus(StrEnum):
    """The state of a payout."""

    CLOSING = "closing"
    TRANSFERRING = "transferring"
    PAID = "paid"
    FAILED = "failed"
    HELD = "held"
    CARRIED = "carried"


# The states before each state. A payout can only begin in a state that is not listed.
_COMES_FROM: dict[PayoutStatus, frozenset[PayoutStatus]] = {
    PayoutStatus.TRANSFERRING: frozenset({PayoutStatus.CLOSING}),
    PayoutStatus.PAID: frozenset({PayoutStatus.TRANSFERRING}),
    PayoutStatus.FAILED: frozenset({PayoutStatus.TRANSFERRING}),
}

_PAYOUT_ID = re.compile(r"po_(.+)_\d{4}-\d\d-\d\d")

_OPEN = frozenset({PayoutStatus.CLOSING, PayoutStatus.TRANSFERRING})


@dataclass(frozen=True, slots=True)
class PayoutStep:
    """A state that a payout reached, and when (RFC 3339, UTC)."""

    status: PayoutStatus
    at: str


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout of the entries ``first_seq`` to ``last_seq``; amounts in minor units.

    ``total_amount`` is the payable balance after these entries. ``paid_amount`` is transferred, and
    the next payout begins with the rest, ``carried_amount``. ``first_seq`` is ``last_seq + 1`` if
    nothing was entered since the previous payout. ``attempt`` counts the transfers begun.
    ``transfer_id`` is Stripe's. ``reason`` says why nothing was paid, or that the payout was
    restored. Days are ``YYYY-MM-DD`` in the studio's zone, times RFC 3339 in UTC.
    """

    payout_id: str
    studio_id: str
    currency: str
    period_start: str
    period_end: str
    first_seq: int
    last_seq: int
    total_amount: int
    paid_amount: int
    carried_amount: int
    status: PayoutStatus
    closed_at: str
    reason: str | None = None
    account_id: str | None = None
    attempt: int = 0
    attempt_at: str | None = None
    transfer_id: str | None = None
    failed_seq: int | None = None
    next_poll_at: str | None = None
    poll_count: int = 0
    version: int = 0
    history: tuple[PayoutStep, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether its transfer has not ended."""
        return self.status in _OPEN

    @property
    def idempotency_key(self) -> str:
        """Stripe's idempotency key of the current attempt."""
        return f"{self.payout_id}:{self.attempt}"

    def with_new_attempt(self, at: str) -> "Payout":
        """Return it with a new attempt to transfer, the first or another one.

        Raises:
            ValueError: Its transfer has ended, or it has none.
        """
        if not self.is_open:
            raise ValueError(f"payout {self.payout_id} is {self.status}")
        new = replace(self, attempt=self.attempt + 1, attempt_at=at)
        transferring = self.status is PayoutStatus.TRANSFERRING
        return new if transferring else new.with_status(PayoutStatus.TRANSFERRING, at)

    def paid(self, transfer_id: str, at: str) -> "Payout":
        """Return it after Stripe has made the transfer.

        Raises:
            ValueError: No transfer is under way.
        """
        return replace(
            self.with_status(PayoutStatus.PAID, at), transfer_id=transfer_id, next_poll_at=None
        )

    def with_status(self, status: PayoutStatus, at: str) -> "Payout":
        """Return it in another state, with the change in its history.

        Raises:
            ValueError: Its state does not lead to that one.
        """
        if self.status not in _COMES_FROM[status]:
            raise ValueError(f"payout {self.payout_id} cannot go from {self.status} to {status}")
        return replace(self, status=status, history=(*self.history, PayoutStep(status, at)))


@dataclass(frozen=True, slots=True)
class Booking:
    """A payout in a new state, the ledger entry for the change, and the head after it."""

    payout: Payout
    entry: LedgerEntry
    head: LedgerHead


def payout_id_of(studio_id: str, period: PayoutPeriod) -> str:
    """Return the id of a studio's payout for a period. It never changes."""
    return f"po_{studio_id}_{period.last.isoformat()}"


def studio_of_payout(payout_id: str) -> str | None:
    """Return the studio's id in a payout's id, or None if it is not the id of a payout."""
    match = _PAYOUT_ID.fullmatch(payout_id)
    return match[1] if match else None


def last_day_of_payout(payout_id: str) -> date | None:
    """Return the last day of the period in a payout's id, or None if it is not a date."""
    try:
        return date.fromisoformat(payout_id.rpartition("_")[2])
    except ValueError:
        return None


def close(
    head: LedgerHead, period: PayoutPeriod, account_id: str | None, at: str, next_poll_at: str
) -> Booking:
    """Return the payout that closes all open entries of a studio's ledger.

    Args:
        head: The ledger's head now. The payout is about its payable balance.
        period: The days that the payout is named for.
        account_id: The Stripe account to transfer to, or None if the studio has none.
        at: Now, RFC 3339 in UTC.
        next_poll_at: When a payout run resumes the transfer if it has not ended.
    """
    total = head.payable_balance_amount
    status, reason = _first_status(total, account_id)
    paid = total if status is PayoutStatus.CLOSING else 0
    payout = replace(
        _new_payout(head, period, at, paid, status),
        reason=reason,
        account_id=account_id,
        next_poll_at=next_poll_at if paid else None,
    )
    facts = _entry_facts(EntryKind.PAYOUT, payout, at)
    entry, after = append(head, facts, _entry_amounts(-paid))
    return Booking(payout, entry, after)


def restore_payout(
    head: LedgerHead, period: PayoutPeriod, transfer: StripeTransfer, at: str
) -> Booking:
    """Return the payout of a Stripe transfer that is missing from the ledger after a restore.

    It closes all open entries and pays the amount of the transfer. The balance may differ from
    that amount, because other entries may be missing or in another order. The difference is
    carried into the next payout.

    Args:
        head: The ledger's head now.
        period: The days that the payout was named for.
        transfer: Stripe's transfer, not fully reversed.
        at: Now, RFC 3339 in UTC.
    """
    payout = replace(
        _new_payout(head, period, at, transfer.amount, PayoutStatus.PAID),
        reason=RESTORED,
        account_id=transfer.destination,
        attempt=1,
        transfer_id=transfer.transfer_id,
    )
    facts = replace(_entry_facts(EntryKind.PAYOUT, payout, at), source=RecordSource.STRIPE)
    entry, after = append(head, facts, _entry_amounts(-transfer.amount))
    return Booking(payout, entry, after)


def fail(payout: Payout, head: LedgerHead, reason: str, at: str) -> Booking:
    """Return the payout as failed, with its money back in the balance.

    Args:
        payout: A payout whose transfer Stripe definitively did not make.
        head: The ledger's head now.
        reason: A stable code that says why.
        at: Now, RFC 3339 in UTC.

    Raises:
        ValueError: No transfer is under way.
    """
    facts = _entry_facts(EntryKind.PAYOUT_FAILED, payout, at)
    entry, after = append(head, facts, _entry_amounts(payout.paid_amount))
    failed = replace(
        payout.with_status(PayoutStatus.FAILED, at),
        paid_amount=0,
        carried_amount=payout.total_amount,
        reason=reason,
        failed_seq=entry.seq,
        next_poll_at=None,
    )
    return Booking(failed, entry, after)


def is_worth_closing(head: LedgerHead, account_id: str | None) -> bool:
    """Return whether a payout would have an entry to close or money to pay.

    Args:
        head: The ledger's head now.
        account_id: The Stripe account to transfer to, or None if the studio has none.
    """
    has_open_entries = head.seq > head.closed_seq
    can_pay = head.payable_balance_amount > 0 and account_id is not None
    return has_open_entries or can_pay


def expected_payout(total_amount: int, account_id: str | None) -> tuple[int, str | None]:
    """Return the amount that a payout of this balance would pay, and why it would pay nothing."""
    status, reason = _first_status(total_amount, account_id)
    return (total_amount if status is PayoutStatus.CLOSING else 0), reason


def _new_payout(
    head: LedgerHead, period: PayoutPeriod, at: str, paid: int, status: PayoutStatus
) -> Payout:
    """Return a payout of all open entries that pays a part of the balance."""
    return Payout(
        payout_id=payout_id_of(head.studio_id, period),
        studio_id=head.studio_id,
        currency=head.currency,
        period_start=period.first.isoformat(),
        period_end=period.last.isoformat(),
        first_seq=head.closed_seq + 1,
        last_seq=head.seq,
        total_amount=head.payable_balance_amount,
        paid_amount=paid,
        carried_amount=head.payable_balance_amount - paid,
        status=status,
        closed_at=at,
        history=(PayoutStep(status, at),),
    )


def _first_status(total: int, account_id: str | None) -> tuple[PayoutStatus, str | None]:
    if total < 0:
        return PayoutStatus.CARRIED, NEGATIVE_BALANCE
    if total == 0:
        return PayoutStatus.CARRIED, NOTHING_OWED
    if account_id is None:
        return PayoutStatus.HELD, NO_ACCOUNT
    return PayoutStatus.CLOSING, None


def _entry_facts(kind: EntryKind, payout: Payout, at: str) -> EntryFacts:
    return EntryFacts(kind, None, at, payout_id=payout.payout_id)


def _entry_amounts(amount: int) -> EntryAmounts:
    return EntryAmounts(
        gross_amount=amount,
        stripe_fee_amount=0,
        rev_share_amount=0,
        payable_amount=amount,
        direct_amount=0,
    )
