"""Everything that happened to an order, in one list."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from shared.domain.message import Message
from shared.gateways.order_panels import OrderPanel


class EventKind(StrEnum):
    """What happened."""

    ORDERED = "ordered"
    REFUND = "refund"
    REFUND_RESOLVED = "refund_resolved"
    PRINT = "print"
    MESSAGE = "message"
    MESSAGE_DELIVERY = "message_delivery"
    MESSAGE_DISMISSED = "message_dismissed"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, with the status that it led to.

    ``at`` is RFC 3339 in UTC. ``by`` is a user, a function or Stripe; None if nobody is known.
    ``about`` is the id of the refund, the message or the dispute. ``amount`` in minor units.
    ``detail`` says what happened to a message in words, or what a person wrote about it.
    """

    at: str
    kind: EventKind
    status: str | None = None
    by: str | None = None
    about: str | None = None
    amount: int | None = None
    detail: str | None = None


def timeline(panel: OrderPanel) -> list[Event]:
    """Return what happened to an order, the newest first."""
    state = panel.record.state
    events = chain(
        [Event(state.placed_at, EventKind.ORDERED, amount=state.total_amount)],
        _of_refunds(panel),
        (
            Event(step.at, EventKind.PRINT, step.status, step.by)
            for step in state.fulfillment_history
        ),
        _of_messages(panel),
        (
            Event(
                each.created_at, EventKind.DISPUTE, each.status, None, each.dispute_id, each.amount
            )
            for each in state.disputes
        ),
    )
    # What has the same time stays in order: a refund is requested before it is pending.
    return sorted(events, key=lambda event: event.at)[::-1]


def _of_refunds(panel: OrderPanel) -> Iterator[Event]:
    for refund in panel.record.refunds.values():
        about, amount = refund.refund_id, refund.amount
        for entry in refund.history:
            yield Event(entry.at, EventKind.REFUND, entry.status, entry.by, about, amount)
        done = refund.resolution
        if done is not None:
            kind = EventKind.REFUND_RESOLVED
            yield Event(done.at, kind, done.paid_by, done.by, about, amount)


def _of_messages(panel: OrderPanel) -> Iterator[Event]:
    for message in panel.messages:
        at = message.sent_at or message.created_at
        yield Event(at, EventKind.MESSAGE, message.status, message.created_by, message.message_id)
        if message.resolved_at is not None:
            kind, by = EventKind.MESSAGE, message.resolved_by
            yield Event(message.resolved_at, kind, message.outcome, by, message.message_id)
        yield from _of_deliveries(message)


def _of_deliveries(message: Message) -> Iterator[Event]:
    about = message.message_id
    for each in message.reports:
        kind, said = EventKind.MESSAGE_DELIVERY, each.detail
        yield Event(each.at, kind, each.status, about=about, detail=said)
        if each.dismissed_at is not None:
            kind, by = EventKind.MESSAGE_DISMISSED, each.dismissed_by
            yield Event(each.dismissed_at, kind, each.status, by, about, detail=each.note)
