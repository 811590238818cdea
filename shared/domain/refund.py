"""A refund, its lifecycle, and how its id is derived."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from shared.domain.order import (
    OrderKey,
    RefundItem,
)
from shared.domain.record_source import RecordSource
from shared.domain.refusal import Refusal
from shared.domain.tax import TaxParts


class RefundStatus(StrEnum):
    """The status of a refund. ``TRANSITIONS`` lists the statuses that can follow each one."""

    REQUESTED = "requested"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    SETTLED = "settled"
    FAILED = "failed"
    CANCELED = "canceled"


TRANSITIONS: dict[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.REQUESTED: frozenset(
        {
            RefundStatus.PENDING,
            RefundStatus.SUCCEEDED,
            RefundStatus.FAILED,
            RefundStatus.CANCELED,
        }
    ),
    RefundStatus.PENDING: frozenset(
        {RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.CANCELED}
    ),
    RefundStatus.SUCCEEDED: frozenset(
        {RefundStatus.SETTLED, RefundStatus.FAILED, RefundStatus.CANCELED}
    ),
    # Stripe may fail a refund up to 30 days late: https://docs.stripe.com/refunds#failed-refunds
    RefundStatus.SETTLED: frozenset({RefundStatus.FAILED}),
    RefundStatus.FAILED: frozenset(),
    RefundStatus.CANCELED: frozenset(),
}

DISPLAY_STATUS: dict[RefundStatus, str] = {
    RefundStatus.REQUESTED: "Pending",
    RefundStatus.PENDING: "Pending",
    RefundStatus.SUCCEEDED: "Refunded",
    RefundStatus.SETTLED: "Refunded",
    RefundStatus.FAILED: "Failed",
    RefundStatus.CANCELED: "Canceled",
}

IN_FLIGHT = frozenset({RefundStatus.REQUESTED, RefundStatus.PENDING})
# Not in the ledger yet: a failure from here on only releases the reservation.
UNSETTLED = IN_FLIGHT | {RefundStatus.SUCCEEDED}

# Stripe's `pending_reason` of a refund for which the balance is too low.
# https://docs.stripe.com/refunds#pending-refunds
LACKS_BALANCE = "insufficient_funds"

# When Stripe is first polled for a refund. The webhook nearly always comes before.
FIRST_POLL_DELAY = timedelta(minutes=2)


class RefundType(StrEnum):
    """What staff chose to refund."""

    FULL = "full"
    PARTIAL = "partial"
    LINE_ITEMS = "line_items"


@dataclass(frozen=True, slots=True)
class RefundKey:
    """The order and the refund's own id, which together identify a refund."""

    order: OrderKey
    refund_id: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A change of status: the new one, when (RFC 3339, UTC) and by whom."""

    status: RefundStatus
    at: str
    by: str


class PaidBy(StrEnum):
    """How a parent got the money after a refund failed."""

    BANK_TRANSFER = "bank_transfer"
    CHECK = "check"
    CASH = "cash"
    NEW_REFUND = "new_refund"
    NOT_OWED = "not_owed"


# The studio paid by itself, so this amount cannot be refunded through Stripe any more.
PAID_OTHERWISE = frozenset({PaidBy.BANK_TRANSFER, PaidBy.CHECK, PaidBy.CASH})


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a person resolved a failed refund, when (RFC 3339, UTC) and by whom.

    ``reference`` is for example a check's number. ``note`` is for the studio's own people.
    """

    paid_by: PaidBy
    reference: str | None
    at: str
    by: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of one order; amounts in minor units, times RFC 3339 in UTC.

    ``attempt`` is part of Stripe's idempotency key. ``settled_seq`` is the ledger entry that
    recorded the refund; ``failed_seq`` is the one that compensated a late failure. Stripe's balance
    moved in ``balance_transaction_id``, and back in ``failure_balance_transaction_id``.
    ``next_poll_at`` is when Stripe is polled next, after ``poll_count`` polls. ``stop_print`` says
    that the refund removed its units from the print job, ``keep_print`` that the requester asked
    to print anyway. ``tax_amount`` is known after settlement, and so are its ``tax_parts``.
    ``item_tax_parts`` are the parts of the tax in its items, known from the start. Both are empty
    if the order's import gave no parts. ``before_ledger`` marks a refund from before the studio's
    ledger starts, which was paid out elsewhere.
    """

    refund_id: str
    order_id: str
    studio_id: str
    type: RefundType
    status: RefundStatus
    amount: int
    currency: str
    charge_id: str
    requested_by: str
    requested_at: str
    source: RecordSource
    correlation_id: str
    account_id: str | None = None
    items: tuple[RefundItem, ...] = ()
    reason: str | None = None
    note: str | None = None
    stop_print: bool = False
    keep_print: bool = False
    before_ledger: bool = False
    fingerprint: str | None = None
    attempt: int = 1
    attempt_at: str | None = None
    stripe_refund_id: str | None = None
    balance_transaction_id: str | None = None
    failure_balance_transaction_id: str | None = None
    pending_reason: str | None = None
    failure_reason: str | None = None
    refusal: Refusal | None = None
    settled_at: str | None = None
    tax_amount: int | None = None
    item_tax_parts: TaxParts = ()
    tax_parts: TaxParts = ()
    resolution: Resolution | None = None
    settled_seq: int | None = None
    failed_seq: int | None = None
    rev_share_reversed_amount: int | None = None
    stripe_fee_retained_amount: int | None = None
    net_deduction_amount: int | None = None
    poll_count: int = 0
    next_poll_at: str | None = None
    version: int = 0
    history: tuple[HistoryEntry, ...] = ()

    @property
    def users(self) -> set[str]:
        """The ids of all who did something to it, Stripe and functions included."""
        users = {self.requested_by, *(entry.by for entry in self.history)}
        return users | {self.resolution.by} if self.resolution else users

    @property
    def order_key(self) -> OrderKey:
        """The studio's id and the order's id, which together identify the order."""
        return OrderKey(self.studio_id, self.order_id)

    @property
    def idempotency_key(self) -> str:
        """Stripe's idempotency key of the current attempt."""
        return f"{self.refund_id}:{self.attempt}"

    @property
    def is_open(self) -> bool:
        """Whether work is left: an answer from Stripe, or a ledger entry."""
        return self.status in UNSETTLED or self.settlement_owed

    @property
    def lacks_balance(self) -> bool:
        """Whether it waits because Stripe's balance is too low."""
        return self.status in IN_FLIGHT and self.pending_reason == LACKS_BALANCE

    @property
    def settlement_owed(self) -> bool:
        """Whether the ledger has no entry yet for the refund's success or its late failure."""
        if self.status is RefundStatus.SUCCEEDED:
            return True
        failed_late = self.status is RefundStatus.FAILED and self.settled_seq is not None
        return failed_late and self.failed_seq is None

    @property
    def failed_at(self) -> str | None:
        """When it failed or was canceled, or None."""
        ended = self.status in {RefundStatus.FAILED, RefundStatus.CANCELED}
        return self.history[-1].at if ended and self.history else None

    def erased(self) -> "Refund":
        """Return the refund without the notes that people wrote. They may name somebody."""
        done = self.resolution
        return replace(self, note=None, resolution=done and replace(done, note=None))

    @property
    def needs_attention(self) -> bool:
        """Whether a person has to pay the parent another way.

        False if the requester read Stripe's refusal in the answer to the request: they know.
        """
        if self.status is not RefundStatus.FAILED or self.resolution is not None:
            return False
        return self.refusal is None or not self.refusal.answered

    def with_status(self, status: RefundStatus, at: str, by: str) -> "Refund":
        """Return the refund with another status, with the change in its history.

        Raises:
            ValueError: ``TRANSITIONS`` does not allow the change.
        """
        if status not in TRANSITIONS[self.status]:
            raise ValueError(f"a {self.status} refund does not become {status}")
        history = (*self.history, HistoryEntry(status, at, by))
        return replace(self, status=status, history=history)


def refund_id_of_request(order: OrderKey, idempotency_key: str) -> str:
    """Return the refund id that a client's idempotency key has for an order. It never changes."""
    return _derived_id(f"order {order.studio_id} {order.order_id}", idempotency_key)


def refund_id_of_external(stripe_refund_id: str) -> str:
    """Return our id for an external refund. It never changes, so the refund is recorded once."""
    return _derived_id("stripe", stripe_refund_id)


def _derived_id(scope: str, name: str) -> str:
    digest = hashlib.sha256(f"{scope}\n{name}".encode()).hexdigest()
    return f"rf_{digest[:24]}"
