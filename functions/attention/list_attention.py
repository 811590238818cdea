"""Everything that a studio's people must act on, in one list."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from itertools import chain

from shared.clock import Clock, rfc3339
from shared.domain.account_access import AccountAccess
from shared.domain.delivery import DeliveryStatus
from shared.domain.dispute import Dispute
from shared.domain.message import Message, MessageStatus
from shared.domain.payment_status import PaymentStatus
from shared.domain.refund import Refund, RefundStatus
from shared.gateways.attention import Attention
from shared.gateways.order_lists import OrderLists

# Cards confirm within minutes. A refund that takes a day is a bank transfer, or it is stuck.
PENDING_TOO_LONG = timedelta(hours=24)
# The queue settles within seconds.
SETTLEMENT_OVERDUE = timedelta(minutes=15)


class AttentionKind(StrEnum):
    """Why something is on the list."""

    REFUND_FAILED = "refund_failed"
    REFUND_PENDING_TOO_LONG = "refund_pending_too_long"
    REFUND_LACKS_BALANCE = "refund_lacks_balance"
    SETTLEMENT_OVERDUE = "settlement_overdue"
    MESSAGE_UNKNOWN = "message_unknown"
    MESSAGE_BOUNCED = "message_bounced"
    MESSAGE_COMPLAINED = "message_complained"
    MESSAGE_REJECTED = "message_rejected"
    MESSAGE_PARKED = "message_parked"
    CHARGE_DISPUTED = "charge_disputed"
    DISPUTE_INQUIRY = "dispute_inquiry"
    DISPUTE_UNDER_REVIEW = "dispute_under_review"
    DISPUTE_LOST = "dispute_lost"
    CHARGE_DIFFERS = "charge_differs"
    CHARGE_NOT_FOUND = "charge_not_found"
    PAYOUTS_ON_HOLD = "payouts_on_hold"
    ACCOUNT_DISCONNECTED = "account_disconnected"


_OF_REPORT = {
    DeliveryStatus.BOUNCED: AttentionKind.MESSAGE_BOUNCED,
    DeliveryStatus.COMPLAINED: AttentionKind.MESSAGE_COMPLAINED,
    DeliveryStatus.REJECTED: AttentionKind.MESSAGE_REJECTED,
}


@dataclass(frozen=True, slots=True)
class AttentionItem:
    """One thing that a person must act on, with the ids of the records that it is about.

    ``since`` is RFC 3339 in UTC, ``amount`` in minor units. ``reason`` says why a parked message
    could not be processed, why a message to a parent came back, or why Stripe could not pay a
    payout. ``due_by`` is when a dispute's
    answer is due. ``account_id`` is the Stripe account that is disconnected. ``parent_name`` is
    read from the order, and None if it was erased.
    """

    kind: AttentionKind
    since: str
    order_id: str | None = None
    refund_id: str | None = None
    message_id: str | None = None
    parked_id: str | None = None
    payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    reason: str | None = None
    dispute_id: str | None = None
    due_by: str | None = None
    account_id: str | None = None
    parent_name: str | None = None


@dataclass(frozen=True, slots=True)
class NameParents:
    """Adds the parents' names to a list."""

    orders: OrderLists

    def __call__(self, studio_id: str, items: list[AttentionItem]) -> list[AttentionItem]:
        """Return the items with the names of the parents that they are about."""
        names = self.orders.parent_names(studio_id, (item.order_id for item in items))
        return [replace(item, parent_name=names.get(item.order_id)) for item in items]


@dataclass(frozen=True, slots=True)
class ListAttention:
    """Gathers what a studio's people must act on."""

    attention: Attention
    clock: Clock

    def __call__(self, studio_id: str) -> list[AttentionItem]:
        """Return what a studio's people must act on, the longest waiting first."""
        left = self.attention.disconnected_accounts(studio_id)
        found = chain(
            self._failed(studio_id),
            self._stuck(studio_id, {each.account_id for each in left}),
            self._messages(studio_id),
            self._disputes(studio_id),
            self._payments(studio_id),
            self._parked(studio_id),
            self._accounts(studio_id, left),
        )
        return sorted(found, key=lambda each: each.since)

    def _failed(self, studio_id: str) -> Iterator[AttentionItem]:
        for refund in self.attention.failed_refunds(studio_id):
            if refund.needs_attention:
                yield _of_refund(AttentionKind.REFUND_FAILED, refund, refund.failed_at or "")

    def _stuck(self, studio_id: str, left: set[str]) -> Iterator[AttentionItem]:
        """Yield the refunds that take too long, but none that waits for an account that left."""
        for refund in self.attention.open_refunds(studio_id):
            last_change = refund.history[-1].at
            if refund.status is RefundStatus.SUCCEEDED:
                if self._is_before(SETTLEMENT_OVERDUE, last_change):
                    yield _of_refund(AttentionKind.SETTLEMENT_OVERDUE, refund, last_change)
            elif refund.lacks_balance:
                yield _of_refund(AttentionKind.REFUND_LACKS_BALANCE, refund, last_change)
            elif refund.account_id in left:
                continue
            elif self._is_before(PENDING_TOO_LONG, refund.requested_at):
                since = refund.requested_at
                yield _of_refund(AttentionKind.REFUND_PENDING_TOO_LONG, refund, since)

    def _is_before(self, ago: timedelta, at: str) -> bool:
        return at < rfc3339(self.clock() - ago)

    def _messages(self, studio_id: str) -> Iterator[AttentionItem]:
        for message in self.attention.messages(studio_id):
            if message.shown_status(self.clock()) is MessageStatus.UNKNOWN:
                yield _of_message(AttentionKind.MESSAGE_UNKNOWN, message, message.created_at)
            # A message that came back and was then marked as spam is one thing to do.
            for report in message.reports_to_see[-1:]:
                kind = _OF_REPORT[report.status]
                yield _of_message(kind, message, report.at, report.detail)

    def _disputes(self, studio_id: str) -> Iterator[AttentionItem]:
        for state in self.attention.disputed_orders(studio_id):
            for dispute in state.disputes_to_see:
                yield AttentionItem(
                    _kind_of(dispute),
                    dispute.created_at,
                    order_id=state.order_id,
                    amount=dispute.amount,
                    currency=state.currency,
                    dispute_id=dispute.dispute_id,
                    due_by=dispute.due_by,
                )

    def _payments(self, studio_id: str) -> Iterator[AttentionItem]:
        for state in self.attention.wrong_payments(studio_id):
            if state.has_wrong_payment:
                missing = state.payment_status is PaymentStatus.NOT_FOUND
                yield AttentionItem(
                    AttentionKind.CHARGE_NOT_FOUND if missing else AttentionKind.CHARGE_DIFFERS,
                    state.placed_at,
                    order_id=state.order_id,
                    amount=state.total_amount,
                    currency=state.currency,
                    reason=state.payment_problem,
                )

    def _parked(self, studio_id: str) -> Iterator[AttentionItem]:
        for parked in self.attention.parked_messages(studio_id):
            if parked.resolved_at is None:
                yield AttentionItem(
                    AttentionKind.MESSAGE_PARKED,
                    parked.parked_at,
                    parked_id=parked.parked_id,
                    reason=parked.reason,
                )

    def _accounts(self, studio_id: str, left: list[AccountAccess]) -> Iterator[AttentionItem]:
        """Yield the hold of the studio's payouts, and its accounts that left, each account once."""
        held: set[str | None] = set()
        for hold in self.attention.payout_holds(studio_id):
            if hold.is_active:
                held.add(hold.account_id)
                yield AttentionItem(
                    AttentionKind.PAYOUTS_ON_HOLD,
                    hold.held_at,
                    payout_id=hold.payout_id,
                    amount=hold.amount,
                    currency=hold.currency,
                    reason=hold.reason,
                )
        for access in left:
            if access.account_id not in held:
                kind, since = AttentionKind.ACCOUNT_DISCONNECTED, access.disconnected_at
                yield AttentionItem(kind, since, account_id=access.account_id)


def _kind_of(dispute: Dispute) -> AttentionKind:
    if dispute.is_lost:
        return AttentionKind.DISPUTE_LOST
    if dispute.is_inquiry:
        return AttentionKind.DISPUTE_INQUIRY
    if dispute.needs_response:
        return AttentionKind.CHARGE_DISPUTED
    return AttentionKind.DISPUTE_UNDER_REVIEW


def _of_message(
    kind: AttentionKind, message: Message, since: str, reason: str | None = None
) -> AttentionItem:
    return AttentionItem(
        kind,
        since,
        order_id=message.order_id,
        refund_id=message.refund_id,
        message_id=message.message_id,
        reason=reason,
    )


def _of_refund(kind: AttentionKind, refund: Refund, since: str) -> AttentionItem:
    return AttentionItem(
        kind,
        since,
        order_id=refund.order_id,
        refund_id=refund.refund_id,
        amount=refund.amount,
        currency=refund.currency,
    )
