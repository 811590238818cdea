"""A payout: what closes a studio's open ledger entries, and what becomes of the money.

    closing ──► transferring ──► paid
                     └─────────► failed      the balance has it back, for the next payout
    held                                     there is no account to transfer to
    carried                                  nothing is owed, or the studio owes

Closing is one ledger entry: of a balance that PPS owes it pays all, of any other nothing. What is
not paid stays in the balance, and so is in the next payout.
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

# A payout whose transfer has not ended by then is carried on by the next run.
FIRST_POLL_DELAY = timedelta(minutes=5)

NO_ACCOUNT = "no_payout_account"
NEGATIVE_BALANCE = "negative_balance"
NOTHING_OWED = "nothing_owed"
# Entered anew from Stripe's transfer.
RESTORED = "restored"


class PayoutStatus(StrEnum):
    """Where a payout stands."""

    CLOSING = "closing"
    TRANSFERRING = "transferring"
    PAID = "paid"
    FAILED = "failed"
    HELD = "held"
    CARRIED = "carried"


# From which states each state is reached; the others are where a payout begins, or none.
_COMES_FROM: dict[PayoutStatus, frozenset[PayoutStatus]] = {
    PayoutStatus.TRANSFERRING: frozenset({PayoutStatus.CLOSING}),
    PayoutStatus.PAID: frozenset({PayoutStatus.TRANSFERRING}),
    PayoutStatus.FAILED: frozenset({PayoutStatus.TRANSFERRING}),
}

_PAYOUT_ID = re.compile(r"po_(.+)_\d{4}-\d\d-\d\d")

_OPEN = frozenset({PayoutStatus.CLOSING, PayoutStatus.TRANSFERRING})


@dataclass(frozen=True, slots=True)
class PayoutStep:
    """A state that a payout came to, and when (RFC 3339, UTC)."""

    status: PayoutStatus
    at: str


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout of the entries ``first_seq`` to ``last_seq``; amounts in minor units.

    ``total_amount`` is the payable balance they left, ``paid_amount`` what of it is transferred,
    and ``carried_amount`` the rest, which the next payout begins with. Days are ``YYYY-MM-DD`` in
    the studio's zone, times RFC 3339 in UTC. ``first_seq`` is ``last_seq + 1`` where nothing was
    entered since the payout before. ``attempt`` numbers the transfers begun, ``transfer_id`` is
    Stripe's, and ``reason`` says why nothing was paid.
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
        """Return it with a new attempt of the transfer, the first or one more.

        Raises:
            ValueError: Its transfer has ended, or there is none.
        """
        if not self.is_open:
            raise ValueError(f"payout {self.payout_id} is {self.status}")
        new = replace(self, attempt=self.attempt + 1, attempt_at=at)
        transferring = self.status is PayoutStatus.TRANSFERRING
        return new if transferring else new.with_status(PayoutStatus.TRANSFERRING, at)

    def paid(self, transfer_id: str, at: str) -> "Payout":
        """Return it once Stripe has made the transfer.

        Raises:
            ValueError: No transfer is under way.
        """
        return replace(
            self.with_status(PayoutStatus.PAID, at), transfer_id=transfer_id, next_poll_at=None
        )

    def with_status(self, status: PayoutStatus, at: str) -> "Payout":
        """Return it in another state.

        Raises:
            ValueError: That state is not reached from the one it is in.
        """
        if self.status not in _COMES_FROM[status]:
            raise ValueError(f"payout {self.payout_id} cannot go from {self.status} to {status}")
        return replace(self, status=status, history=(*self.history, PayoutStep(status, at)))


@dataclass(frozen=True, slots=True)
class Booking:
    """A payout with the ledger entry that its new state takes, and the head after it."""

    payout: Payout
    entry: LedgerEntry
    head: LedgerHead


def payout_id_of(studio_id: str, period: PayoutPeriod) -> str:
    """Return the payout's id: the same studio and period always name the same payout."""
    return f"po_{studio_id}_{period.last.isoformat()}"


def studio_of_payout(payout_id: str) -> str | None:
    """Return whose payout an id names, or None where it is not the id of a payout."""
    match = _PAYOUT_ID.fullmatch(payout_id)
    return match[1] if match else None


def last_day_of_payout(payout_id: str) -> date | None:
    """Return the last day that a payout's id is named for, or None where that is no day."""
    try:
        return date.fromisoformat(payout_id.rpartition("_")[2])
    except ValueError:
        return None


def close(
    head: LedgerHead, period: PayoutPeriod, account_id: str | None, at: str, next_poll_at: str
) -> Booking:
    """Return the payout that closes all that is open in a studio's ledger.

    Args:
        head: The ledger as it stands; its payable balance is what the payout is of.
        period: The days it is named for.
        account_id: Where to the studio is paid; None where that is not known.
        at: Now, RFC 3339 in UTC.
        next_poll_at: When the transfer is looked after, if it has not ended.
    """
    total = head.payable_balance_amount
    status, reason = _begins_as(total, account_id)
    paid = total if status is PayoutStatus.CLOSING else 0
    payout = replace(
        _closing(head, period, at, paid, status),
        reason=reason,
        account_id=account_id,
        next_poll_at=next_poll_at if paid else None,
    )
    entry, after = append(head, _facts(EntryKind.PAYOUT, payout, at), _moving(-paid))
    return Booking(payout, entry, after)


def adopt(head: LedgerHead, period: PayoutPeriod, transfer: StripeTransfer, at: str) -> Booking:
    """Return the payout of a transfer that Stripe has and the ledger lost with a restore.

    It closes all that is open and pays what Stripe transferred, which is what counts; the balance
    may be another now, because entries came back in another order or are missing still. What is
    more or less is carried.

    Args:
        head: The ledger as it stands.
        period: The days that the payout was named for.
        transfer: Stripe's, all of it or a part still with the studio.
        at: Now, RFC 3339 in UTC.
    """
    payout = replace(
        _closing(head, period, at, transfer.amount, PayoutStatus.PAID),
        reason=RESTORED,
        account_id=transfer.destination,
        attempt=1,
        transfer_id=transfer.transfer_id,
    )
    facts = replace(_facts(EntryKind.PAYOUT, payout, at), source=RecordSource.STRIPE)
    entry, after = append(head, facts, _moving(-transfer.amount))
    return Booking(payout, entry, after)


def fail(payout: Payout, head: LedgerHead, reason: str, at: str) -> Booking:
    """Return the payout whose transfer was refused, with its money back in the balance.

    Args:
        payout: A payout whose transfer is under way and surely is not made.
        head: The ledger as it stands.
        reason: Why, in one word.
        at: Now, RFC 3339 in UTC.

    Raises:
        ValueError: No transfer is under way.
    """
    entry, after = append(
        head, _facts(EntryKind.PAYOUT_FAILED, payout, at), _moving(payout.paid_amount)
    )
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
    """Return whether a payout would say anything: something is entered, or can be paid after all.

    Args:
        head: The ledger as it stands.
        account_id: Where to the studio is paid, or None.
    """
    if head.seq > head.closed_seq:
        return True
    return head.payable_balance_amount > 0 and account_id is not None


def expected(total_amount: int, account_id: str | None) -> tuple[int, str | None]:
    """Return what a payout of that balance would pay, and why nothing where it would not."""
    status, reason = _begins_as(total_amount, account_id)
    return (total_amount if status is PayoutStatus.CLOSING else 0), reason


def _closing(
    head: LedgerHead, period: PayoutPeriod, at: str, paid: int, status: PayoutStatus
) -> Payout:
    """Return a payout of all that is open, which pays so much of the balance."""
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


def _begins_as(total: int, account_id: str | None) -> tuple[PayoutStatus, str | None]:
    if total < 0:
        return PayoutStatus.CARRIED, NEGATIVE_BALANCE
    if total == 0:
        return PayoutStatus.CARRIED, NOTHING_OWED
    if account_id is None:
        return PayoutStatus.HELD, NO_ACCOUNT
    return PayoutStatus.CLOSING, None


def _facts(kind: EntryKind, payout: Payout, at: str) -> EntryFacts:
    return EntryFacts(kind, None, at, payout_id=payout.payout_id)


def _moving(amount: int) -> EntryAmounts:
    return EntryAmounts(
        gross_amount=amount,
        stripe_fee_amount=0,
        rev_share_amount=0,
        payable_amount=amount,
        direct_amount=0,
    )
