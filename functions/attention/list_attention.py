"""Everything that a studio's people must act on, in one list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from functions.attention.models import AttentionKind, AttentionView
from shared.clock import Clock, rfc3339
from shared.domain.message import MessageStatus
from shared.domain.refund import Refund, RefundStatus
from shared.gateways import items
from shared.gateways.order_lists import AttentionEntry, OrderLists

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
    """Gathers what the follow-up index names, and says of each what to do."""

    lists: OrderLists
    clock: Clock

    def __call__(self, studio_id: str) -> list[AttentionView]:
        """Return what a studio's people must act on, the longest waiting first."""
        found = chain(
            self._failed(studio_id),
            self._open(studio_id),
            self._messages(studio_id),
            self._disputes(studio_id),
            self._parked(studio_id),
        )
        return sorted(found, key=lambda each: each.since)

    def _failed(self, studio_id: str) -> Iterator[AttentionView]:
        for refund in self._refunds(studio_id, items.AttentionList.FAILED):
            if refund.needs_attention:
                yield _refund_view(AttentionKind.REFUND_FAILED, refund, refund.failed_at or "")

    def _open(self, studio_id: str) -> Iterator[AttentionView]:
        for refund in self._refunds(studio_id, items.AttentionList.OPEN):
            kind, since = self._stuck(refund)
            if kind is not None:
                yield _refund_view(kind, refund, since)

    def _stuck(self, refund: Refund) -> tuple[AttentionKind | None, str]:
        """Say why an open refund needs a person, and since when, or None."""
        since = refund.history[-1].at
        if refund.status is RefundStatus.SUCCEEDED:
            return (
                AttentionKind.SETTLEMENT_OVERDUE
                if self._before(SETTLEMENT_OVERDUE, since)
                else None
            ), since
        if refund.pending_reason == _LACKS_BALANCE:
            return AttentionKind.REFUND_LACKS_BALANCE, since
        waiting = self._before(PENDING_TOO_LONG, refund.requested_at)
        return (AttentionKind.REFUND_PENDING_TOO_LONG if waiting else None), refund.requested_at

    def _before(self, ago: timedelta, at: str) -> bool:
        return at < rfc3339(self.clock() - ago)

    def _refunds(self, studio_id: str, kind: items.AttentionList) -> Iterator[Refund]:
        for values in self._read(self.lists.attention(studio_id, kind)):
            yield items.refund_from_values(values)

    def _messages(self, studio_id: str) -> Iterator[AttentionView]:
        for values in self._read(self.lists.attention(studio_id, items.AttentionList.MESSAGE)):
            message = items.message_from_values(values)
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
        entries = list(self.lists.attention(studio_id, items.AttentionList.DISPUTE))
        since = {entry.pk: entry.since for entry in entries}
        for values in self._read(iter(entries)):
            state = items.state_from_values(values)
            if state.disputed:
                yield AttentionView(
                    kind=AttentionKind.CHARGE_DISPUTED,
                    since=since[values["PK"]],
                    detail=_DETAIL[AttentionKind.CHARGE_DISPUTED],
                    order_id=state.order_id,
                    amount=state.total_amount,
                    currency=state.currency,
                )

    def _parked(self, studio_id: str) -> Iterator[AttentionView]:
        for values in self._read(self.lists.attention(studio_id, items.AttentionList.PARKED)):
            parked = items.parked_from_values(values)
            if parked.resolved_at is None:
                yield AttentionView(
                    kind=AttentionKind.MESSAGE_PARKED,
                    since=parked.parked_at,
                    detail=f"{_DETAIL[AttentionKind.MESSAGE_PARKED]} Reason: {parked.reason}.",
                    parked_id=parked.parked_id,
                )

    def _read(self, entries: Iterator[AttentionEntry]) -> Iterator[items.Values]:
        yield from self.lists.read([items.key(entry.pk, entry.sk) for entry in entries])


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
