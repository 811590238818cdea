"""Everything that a studio's people must act on, in one list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from functions.attention.models import AttentionKind, AttentionView
from shared.clock import Clock, rfc3339
from shared.domain.message import MessageStatus
from shared.domain.refund import Refund, RefundStatus
from shared.gateways.attention import Attention

# Cards confirm within minutes; what takes a day is a bank transfer, or stuck.
PENDING_TOO_LONG = timedelta(hours=24)
# The queue settles within seconds.
SETTLEMENT_OVERDUE = timedelta(minutes=15)

# https://docs.stripe.com/refunds#pending-refunds
_LACKS_BALANCE = "insufficient_funds"

_DETAIL = {
    AttentionKind.REFUND_FAILED: (
        "The money did not reach the parent. Refund again or pay the parent another way. "
        "Then record how at the refund's resolution."
    ),
    AttentionKind.REFUND_PENDING_TOO_LONG: (
        "Stripe has not confirmed this refund for a day. Look it up in Stripe. "
        "If Stripe needs something from the parent, write to them."
    ),
    AttentionKind.REFUND_LACKS_BALANCE: (
        "Stripe's balance is too low for this refund. Top up the Stripe account. "
        "Stripe will then send the refund by itself."
    ),
    AttentionKind.SETTLEMENT_OVERDUE: (
        "Stripe confirmed this refund, but the ledger does not have it yet. "
        "Tell PPS if this does not change."
    ),
    AttentionKind.MESSAGE_UNKNOWN: (
        "We do not know whether this message reached the parent, and we will not send it again. "
        "Ask the parent. Then record the answer at the message's resolution."
    ),
    AttentionKind.CHARGE_DISPUTED: (
        "The parent disputes the charge with their bank. Answer the dispute in Stripe. "
        "You can refund again once it is closed."
    ),
    AttentionKind.MESSAGE_PARKED: (
        "The refund system could not process one of its own messages. "
        "Tell PPS. PPS repairs it and records the resolution."
    ),
}


@dataclass(frozen=True, slots=True)
class ListAttention:
    """Gathers what needs a person, and says of each what to do."""

    attention: Attention
    clock: Clock

    def __call__(self, studio_id: str) -> list[AttentionView]:
        """Return what a studio's people must act on, the longest waiting first."""
        found = chain(
            self._failed(studio_id),
            self._stuck(studio_id),
            self._messages(studio_id),
            self._disputes(studio_id),
            self._parked(studio_id),
        )
        return sorted(found, key=lambda each: each.since)

    def _failed(self, studio_id: str) -> Iterator[AttentionView]:
        for refund in self.attention.failed_refunds(studio_id):
            if refund.needs_attention:
                yield _refund_view(AttentionKind.REFUND_FAILED, refund, refund.failed_at or "")

    def _stuck(self, studio_id: str) -> Iterator[AttentionView]:
        for refund in self.attention.open_refunds(studio_id):
            last_change = refund.history[-1].at
            if refund.status is RefundStatus.SUCCEEDED:
                if self._is_before(SETTLEMENT_OVERDUE, last_change):
                    yield _refund_view(AttentionKind.SETTLEMENT_OVERDUE, refund, last_change)
            elif refund.pending_reason == _LACKS_BALANCE:
                yield _refund_view(AttentionKind.REFUND_LACKS_BALANCE, refund, last_change)
            elif self._is_before(PENDING_TOO_LONG, refund.requested_at):
                since = refund.requested_at
                yield _refund_view(AttentionKind.REFUND_PENDING_TOO_LONG, refund, since)

    def _is_before(self, ago: timedelta, at: str) -> bool:
        return at < rfc3339(self.clock() - ago)

    def _messages(self, studio_id: str) -> Iterator[AttentionView]:
        for message in self.attention.messages(studio_id):
            if message.shown_status(self.clock()) is MessageStatus.UNKNOWN:
                yield AttentionView(
                    kind=AttentionKind.MESSAGE_UNKNOWN,
                    since=message.created_at,
                    detail=_DETAIL[AttentionKind.MESSAGE_UNKNOWN],
                    order_id=message.order_id,
                    refund_id=message.refund_id,
                    message_id=message.message_id,
                )

    def _disputes(self, studio_id: str) -> Iterator[AttentionView]:
        for state in self.attention.disputed_orders(studio_id):
            if state.disputed:
                yield AttentionView(
                    kind=AttentionKind.CHARGE_DISPUTED,
                    since=state.disputed_at or state.placed_at,
                    detail=_DETAIL[AttentionKind.CHARGE_DISPUTED],
                    order_id=state.order_id,
                    amount=state.total_amount,
                    currency=state.currency,
                )

    def _parked(self, studio_id: str) -> Iterator[AttentionView]:
        for parked in self.attention.parked_messages(studio_id):
            if parked.resolved_at is None:
                yield AttentionView(
                    kind=AttentionKind.MESSAGE_PARKED,
                    since=parked.parked_at,
                    detail=f"{_DETAIL[AttentionKind.MESSAGE_PARKED]} Reason: {parked.reason}.",
                    parked_id=parked.parked_id,
                )


def _refund_view(kind: AttentionKind, refund: Refund, since: str) -> AttentionView:
    return AttentionView(
        kind=kind,
        since=since,
        detail=_DETAIL[kind],
        order_id=refund.order_id,
        refund_id=refund.refund_id,
        amount=refund.amount,
        currency=refund.currency,
    )
