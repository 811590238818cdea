"""A payout: it holds what a studio's ledger recorded in a period, and pays what PPS owes for it.

    closing ──► transferring ──► paid       what Stripe takes back later is a new ledger entry
                     ├─────────► failed     the account cannot be paid: the balance has the money
                     └── waits for balance  the same payout is tried again every hour
    carried                                 nothing is owed, or the studio owes, or it is held

What a payout does not pay stays in the balance, so the next payout begins with it.
``payout_booking`` has the steps that also write the ledger.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from shared.domain.payout_schedule import PayoutPeriod
from shared.domain.refusal import INSUFFICIENT_BALANCE

# The next payout run resumes a transfer that has not ended by then.
FIRST_POLL_DELAY = timedelta(minutes=5)
# Less than an hour, so that each hourly run tries a transfer that was refused for balance.
BALANCE_POLL_DELAY = timedelta(minutes=50)

NO_ACCOUNT = "no_payout_account"
NEGATIVE_BALANCE = "negative_balance"
NOTHING_OWED = "nothing_owed"
# All that is owed is in open disputes, and the studio lets PPS hold that back.
DISPUTED = "disputed_amount_held"
# Stripe refused the account of an earlier payout, and nobody has dealt with it yet.
ON_HOLD = "payouts_on_hold"
# A closed studio is paid only when PPS asks for it.
STUDIO_CLOSED = "studio_closed"
# Restored from Stripe's transfer.
RESTORED = "restored"

# The id's number has one digit, so that ids sort like the payouts they name.
MOST_PER_DAY = 9


class TooManyPayoutsError(Exception):
    """So many payouts end on one day that no id is left for another. The next day has room."""


class PayoutStatus(StrEnum):
    """The state of a payout. No new payout is ``held``; payouts of old versions may be."""

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

_PAYOUT_ID = re.compile(r"po_(.+)_(\d{4}-\d\d-\d\d)(?:_([2-9]))?")

_OPEN = frozenset({PayoutStatus.CLOSING, PayoutStatus.TRANSFERRING})


# In place of a payout's id: the studio's payout that is due.
DUE = "due"


@dataclass(frozen=True, slots=True)
class PayoutWork:
    """One thing to do in a payout run: make the studio's payout that is due, or go on with one.

    ``payout`` is ``DUE`` or a payout's id.
    """

    studio_id: str
    payout: str = DUE


@dataclass(frozen=True, slots=True)
class PayoutStep:
    """A state that a payout reached, and when (RFC 3339, UTC)."""

    status: PayoutStatus
    at: str


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout of the entries ``first_seq`` to ``last_seq``; amounts in minor units.

    They were recorded from ``period_started_at`` on and before ``period_ended_at``. Entries that
    close payouts are no lines. ``first_seq`` is ``last_seq + 1`` if nothing was entered.
    ``entry_seq`` is the payout's own entry.

    ``total_amount`` is ``carried_in_amount`` and all lines: the payable balance after entry
    ``last_seq``. ``paid_amount`` is transferred, and the next payout begins with the rest,
    ``carried_amount``. ``disputed_held_amount`` is the part of the rest that open disputes may
    still take. Stripe has taken ``reversed_amount`` of the transfer back since.

    ``attempt`` counts the transfers begun. ``attempt_at`` is None while the current attempt's key
    is spent. ``transfer_id`` is Stripe's, and ``balance_transaction_id`` its movement of PPS's
    balance. ``reason`` says why nothing was paid yet, or that the
    payout was restored. ``next_poll_at`` is when the payout run compares it with its transfer.
    ``off_cycle_because`` says who made it between two payout days, and why.

    Days are ``YYYY-MM-DD`` in the studio's zone, times RFC 3339 in UTC.
    """

    payout_id: str
    studio_id: str
    currency: str
    period_started_at: str
    period_ended_at: str
    period_start: str
    period_end: str
    first_seq: int
    last_seq: int
    entry_seq: int
    carried_in_amount: int
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
    balance_transaction_id: str | None = None
    reversed_amount: int = 0
    disputed_held_amount: int = 0
    off_cycle_because: str | None = None
    failed_seq: int | None = None
    next_poll_at: str | None = None
    poll_count: int = 0
    version: int = 0
    history: tuple[PayoutStep, ...] = ()

    @property
    def entry_count(self) -> int:
        """How many ledger entries it has."""
        return self.last_seq - self.first_seq + 1

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

    def waiting_for_balance(self, next_poll_at: str) -> "Payout":
        """Return it after Stripe has refused the transfer because the balance is too low.

        The refusal has spent the attempt's key, so the next try is a new attempt.

        Raises:
            ValueError: No transfer is under way.
        """
        if self.status is not PayoutStatus.TRANSFERRING:
            raise ValueError(f"payout {self.payout_id} is {self.status}")
        return replace(
            self,
            reason=INSUFFICIENT_BALANCE,
            attempt_at=None,
            next_poll_at=next_poll_at,
            poll_count=0,
        )

    def paid(
        self, transfer_id: str, at: str, balance_transaction_id: str | None = None
    ) -> "Payout":
        """Return it after Stripe has made the transfer.

        Raises:
            ValueError: No transfer is under way.
        """
        return replace(
            self.with_status(PayoutStatus.PAID, at),
            transfer_id=transfer_id,
            balance_transaction_id=balance_transaction_id,
            reason=None,
            next_poll_at=None,
        )

    def with_status(self, status: PayoutStatus, at: str) -> "Payout":
        """Return it in another state, with the change in its history.

        Raises:
            ValueError: Its state does not lead to that one.
        """
        if self.status not in _COMES_FROM[status]:
            raise ValueError(f"payout {self.payout_id} cannot go from {self.status} to {status}")
        return replace(self, status=status, history=(*self.history, PayoutStep(status, at)))


def payout_id_of(
    studio_id: str, period: PayoutPeriod, previous: Payout | None, most: int = MOST_PER_DAY
) -> str:
    """Return the id of a studio's new payout. Ids sort like the payouts.

    Args:
        studio_id: The studio's id.
        period: The payout's period. Its last day names the payout.
        previous: The studio's newest payout. Payouts that end on the same day are numbered.
        most: How many may end on one day.

    Raises:
        TooManyPayoutsError: No number is left for that day.
    """
    name = f"po_{studio_id}_{period.last.isoformat()}"
    number = _number_on(period.last, previous) + 1
    if number > most:
        raise TooManyPayoutsError(
            f"{most} payouts of {studio_id} end on {period.last}. The next day has room."
        )
    return name if number == 1 else f"{name}_{number}"


def _number_on(day: date, previous: Payout | None) -> int:
    """Return how many payouts end on a day up to a payout, which may end earlier."""
    match = _PAYOUT_ID.fullmatch(previous.payout_id) if previous else None
    if match is None or match[2] != day.isoformat():
        return 0
    return int(match[3] or 1)


def studio_of_payout(payout_id: str) -> str | None:
    """Return the studio's id in a payout's id, or None if it is not the id of a payout."""
    match = _PAYOUT_ID.fullmatch(payout_id)
    return match[1] if match else None


def last_day_of_payout(payout_id: str) -> date | None:
    """Return the last day of the period in a payout's id, or None if it is not a date."""
    match = _PAYOUT_ID.fullmatch(payout_id)
    try:
        return date.fromisoformat(match[2]) if match else None
    except ValueError:
        return None


def expected_payout(
    total_amount: int, account_id: str | None, held_amount: int = 0
) -> tuple[int, str | None]:
    """Return the amount that a payout of this balance would pay, and why it would pay nothing.

    Args:
        total_amount: The payable balance, in minor units.
        account_id: The Stripe account to transfer to, or None if the studio has none.
        held_amount: What open disputes may still take, if the studio lets PPS hold that back.
    """
    if total_amount < 0:
        return 0, NEGATIVE_BALANCE
    if total_amount == 0:
        return 0, NOTHING_OWED
    if account_id is None:
        return 0, NO_ACCOUNT
    paid = total_amount - held_of(total_amount, held_amount)
    return paid, None if paid else DISPUTED


def held_of(total_amount: int, held_amount: int) -> int:
    """Return the part of a balance that a payout holds back for open disputes."""
    return max(0, min(total_amount, held_amount))
