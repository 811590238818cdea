"""Everything that a studio's people must act on, in one list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from functions.needs_attention.models import AttentionView, Kind
from shared.clock import Clock, rfc3339
from shared.domain.message import MessageStatus
from shared.domain.refund import Refund, RefundStatus
from shared.gateways import items
from shared.gateways.order_lists import FollowUpEntry, OrderLists

# Cards confirm within minutes; what takes a day is a bank transfer, or stuck.
PENDING_TOO_LONG = timedelta(hours=24)
# The queue settles within seconds.
SETTLEMENT_OVERDUE = timedelta(minutes=15)

# https://docs.stripe.com/refunds#pending-refunds
_LACKS_BALANCE = "insufficient_funds"

_DETAIL = {
    Kind.REFUND_FAILED: "The money did not reach the parent. Pay it back another way, or refund "
    "again, and record that at the refund's resolution.",
    Kind.REFUND_PENDING_TOO_LONG: "Stripe has not confirmed this refund in a day. Look it up in "
    "Stripe; if it needs the parent, write to them.",
    Kind.REFUND_LACKS_BALANCE: "The Stripe account has too little balance for this refund. Top it "
    "up; Stripe then carries the refund on by itself.",
    Kind.SETTLEMENT_OVERDUE: "Stripe confirmed this refund, and it is not in the ledger yet. Tell "
    "PPS if it stays so.",
    Kind.MESSAGE_UNKNOWN: "Nobody knows whether this message reached the parent. Ask, then record "
    "it at the message's resolution; it is not sent again by itself.",
    Kind.CHARGE_DISPUTED: "The parent disputes the charge with their bank. Answer in Stripe; "
    "refunds wait until the dispute is closed.",
    Kind.MESSAGE_PARKED: "A message inside the refund system was put aside. Tell PPS, who puts it "
    "right; then record its resolution.",
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
        for refund in self._refunds(studio_id, items.FollowUp.FAILED):
            if refund.needs_attention:
                yield _refund_view(Kind.REFUND_FAILED, refund, refund.failed_at or "")

    def _open(self, studio_id: str) -> Iterator[AttentionView]:
        for refund in self._refunds(studio_id, items.FollowUp.OPEN):
            kind, since = self._stuck(refund)
            if kind is not None:
                yield _refund_view(kind, refund, since)

    def _stuck(self, refund: Refund) -> tuple[Kind | None, str]:
        """Say why an open refund needs a person, and since when, or None."""
        since = refund.history[-1].at
        if refund.status is RefundStatus.SUCCEEDED:
            return (
                Kind.SETTLEMENT_OVERDUE if self._before(SETTLEMENT_OVERDUE, since) else None
            ), since
        if refund.pending_reason == _LACKS_BALANCE:
            return Kind.REFUND_LACKS_BALANCE, since
        waiting = self._before(PENDING_TOO_LONG, refund.requested_at)
        return (Kind.REFUND_PENDING_TOO_LONG if waiting else None), refund.requested_at

    def _before(self, ago: timedelta, at: str) -> bool:
        return at < rfc3339(self.clock() - ago)

    def _refunds(self, studio_id: str, kind: items.FollowUp) -> Iterator[Refund]:
        for values in self._read(self.lists.follow_ups(studio_id, kind)):
            yield items.refund_from_values(values)

    def _messages(self, studio_id: str) -> Iterator[AttentionView]:
        for values in self._read(self.lists.follow_ups(studio_id, items.FollowUp.MESSAGE)):
            message = items.message_from_values(values)
            if message.shown_status(self.clock()) is MessageStatus.UNKNOWN:
                yield AttentionView(
                    kind=Kind.MESSAGE_UNKNOWN,
                    since=message.created_at,
                    detail=_DETAIL[Kind.MESSAGE_UNKNOWN],
                    order_id=message.order_id,
                    refund_id=message.refund_id,
                    message_id=message.message_id,
                )

    def _disputes(self, studio_id: str) -> Iterator[AttentionView]:
        entries = list(self.lists.follow_ups(studio_id, items.FollowUp.DISPUTE))
        since = {entry.pk: entry.since for entry in entries}
        for values in self._read(iter(entries)):
            totals = items.totals_from_values(values)
            if totals.disputed:
                yield AttentionView(
                    kind=Kind.CHARGE_DISPUTED,
                    since=since[values["PK"]],
                    detail=_DETAIL[Kind.CHARGE_DISPUTED],
                    order_id=totals.order_id,
                    amount=totals.total_amount,
                    currency=totals.currency,
                )

    def _parked(self, studio_id: str) -> Iterator[AttentionView]:
        for values in self._read(self.lists.follow_ups(studio_id, items.FollowUp.PARKED)):
            parked = items.parked_from_values(values)
            if parked.resolved_at is None:
                yield AttentionView(
                    kind=Kind.MESSAGE_PARKED,
                    since=parked.parked_at,
                    detail=f"{_DETAIL[Kind.MESSAGE_PARKED]} Reason: {parked.reason}.",
                    parked_id=parked.parked_id,
                )

    def _read(self, entries: Iterator[FollowUpEntry]) -> Iterator[items.Values]:
        yield from self.lists.read([items.key(entry.pk, entry.sk) for entry in entries])


def _refund_view(kind: Kind, refund: Refund, since: str) -> AttentionView:
    return AttentionView(
        kind=kind,
        since=since,
        detail=_DETAIL[kind],
        order_id=refund.order_id,
        refund_id=refund.refund_id,
        amount=refund.amount,
        currency=refund.currency,
    )
