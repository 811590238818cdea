"""A message to a parent: its words, and whether it was sent.

    sending ──mail service took it──► sent
       │ ╲──mail service refused────► failed
       ▼
    unknown ──a person says─────────► sent or failed

It is ``sending`` before the mail service is called. Nothing sends it a second time. If the outcome
cannot be known, it reads ``unknown`` until a person records it, or until the mail service reports
about it. A report proves that the mail service took it.
"""

import hashlib
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.delivery import DeliveryReport, Reports, decisive, with_report
from shared.domain.errors import DeliveryNotFailedError, MessageOutcomeKnownError
from shared.domain.message_template import Template
from shared.domain.order import OrderKey
from shared.domain.refusal import Refusal

# No call to the mail service takes longer. After this time, no outcome will arrive.
OUTCOME_WITHIN = timedelta(seconds=60)


class MessageStatus(StrEnum):
    """The state of a message."""

    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


# Controls, line and paragraph separators: https://www.rfc-editor.org/rfc/rfc5322#section-2.2
_NOT_IN_HEADERS = frozenset({"Cc", "Zl", "Zp"})

# The subject of a message that was erased.
ERASED = "Erased"

# A person may have to act on it.
UNSETTLED = frozenset({MessageStatus.SENDING, MessageStatus.UNKNOWN})


class MessageOutcome(StrEnum):
    """What a person found out about a message with an unknown outcome."""

    RECEIVED = "received"
    NOT_RECEIVED = "not_received"


_RESOLVED_AS = {
    MessageOutcome.RECEIVED: MessageStatus.SENT,
    MessageOutcome.NOT_RECEIVED: MessageStatus.FAILED,
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message about a refund, exactly as the mail service got it.

    ``edited`` says that a person changed the template's words. ``sent_at`` is when the mail service
    took it; it is None if only the parent could tell. ``refusal`` says why the mail service did not
    take it. ``reply_to`` is the studio's address if the message comes from PPS's. ``reports`` is
    what the mail service said afterwards. Times are RFC 3339 in UTC.
    """

    message_id: str
    order_id: str
    studio_id: str
    refund_id: str
    template: Template
    status: MessageStatus
    from_name: str
    from_address: str
    to_address: str
    subject: str
    text: str
    html: str
    edited: bool
    created_by: str
    created_at: str
    fingerprint: str
    sent_at: str | None = None
    ses_message_id: str | None = None
    refusal: Refusal | None = None
    outcome: MessageOutcome | None = None
    resolved_by: str | None = None
    resolved_at: str | None = None
    reply_to: str | None = None
    reports: Reports = ()
    version: int = 0

    def __post_init__(self) -> None:
        """Check that no field breaks a mail header.

        Raises:
            ValueError: A header field has a line break or another control character.
        """
        addresses = self.from_address, self.to_address, self.reply_to or ""
        if not all(map(_is_one_line, (self.from_name, *addresses))):
            raise ValueError("a line break in the sender or the recipient")
        if not _is_one_line(self.subject):
            raise ValueError("a line break in the subject")

    @property
    def order_key(self) -> OrderKey:
        """What identifies the order that the message is about."""
        return OrderKey(self.studio_id, self.order_id)

    @property
    def sender(self) -> str:
        """The studio's name and address, as people read it."""
        return sender_of(self.from_name, self.from_address)

    @property
    def is_unsettled(self) -> bool:
        """Whether its outcome is not known yet."""
        return self.status in UNSETTLED

    @property
    def delivery(self) -> DeliveryReport | None:
        """The report that says where the message is, or None."""
        return decisive(self.reports)

    @property
    def reports_to_see(self) -> Reports:
        """The reports on the attention list."""
        return tuple(each for each in self.reports if each.needs_attention)

    def shown_status(self, now: datetime) -> MessageStatus:
        """Return the status to show. After a minute, ``sending`` reads ``unknown``."""
        if self.status is not MessageStatus.SENDING:
            return self.status
        late = now - datetime.fromisoformat(self.created_at) >= OUTCOME_WITHIN
        return MessageStatus.UNKNOWN if late else MessageStatus.SENDING

    def sent(self, ses_message_id: str, at: str) -> "Message":
        """Return the message after the mail service took it."""
        return replace(self, status=MessageStatus.SENT, ses_message_id=ses_message_id, sent_at=at)

    def refused(self, refusal: Refusal) -> "Message":
        """Return the message after the mail service definitively refused it."""
        return replace(self, status=MessageStatus.FAILED, refusal=refusal)

    def lost(self) -> "Message":
        """Return the message after the mail service gave no clear answer.

        A report that came earlier proves that it was sent.
        """
        if self.status is not MessageStatus.SENDING:
            return self
        return replace(self, status=MessageStatus.UNKNOWN)

    def reported(self, report: DeliveryReport, ses_message_id: str, sent_at: str) -> "Message":
        """Return the message after the mail service reported about it. A repeat changes nothing.

        Args:
            report: What happened to the message.
            ses_message_id: The mail service's id for the message.
            sent_at: When the mail service took it, RFC 3339 in UTC.
        """
        known = self.sent(ses_message_id, sent_at) if self.is_unsettled else self
        return replace(known, reports=with_report(self.reports, report))

    def erased(self) -> "Message":
        """Return the message without its words, its recipient and notes. That it was sent stays."""
        return replace(
            self,
            to_address="",
            subject=ERASED,
            text="",
            html="",
            reports=tuple(replace(each, note=None) for each in self.reports),
        )

    def dismissed(self, by: str, at: str, note: str | None) -> "Message":
        """Return the message after a person took its reports off the attention list.

        A repeat changes nothing.

        Raises:
            DeliveryNotFailedError: No report says that the message did not arrive.
        """
        if any(each.dismissed_by for each in self.reports) and not self.reports_to_see:
            return self
        if not self.reports_to_see:
            raise DeliveryNotFailedError(
                "Nothing says that this message did not arrive, so there is nothing to dismiss."
            )
        seen = (
            each.dismissed(by, at, note) if each.needs_attention else each for each in self.reports
        )
        return replace(self, reports=tuple(seen))

    def resolved(self, outcome: MessageOutcome, now: datetime, at: str, by: str) -> "Message":
        """Return the message after a person recorded its outcome. A repeat changes nothing.

        Args:
            outcome: Whether the parent received it.
            now: The time. Before a minute has passed, the outcome may still arrive by itself.
            at: The same time, RFC 3339 in UTC.
            by: The user.

        Raises:
            MessageOutcomeKnownError: The outcome is known, or may be known in a moment.
        """
        if self.outcome is outcome:
            return self
        shown = self.shown_status(now)
        if shown is not MessageStatus.UNKNOWN:
            raise MessageOutcomeKnownError(
                f"The message is {shown}. Record an outcome only for a message that is unknown."
            )
        return replace(
            self, status=_RESOLVED_AS[outcome], outcome=outcome, resolved_at=at, resolved_by=by
        )


def sender_of(name: str, address: str) -> str:
    """Return a sender as people read it. The mail gateway makes the mail's header."""
    return f"{name} <{address}>"


def derive_message_id(order: OrderKey, idempotency_key: str) -> str:
    """Return the message id that a client's idempotency key has for an order. It never changes."""
    scope = f"message {order.studio_id} {order.order_id}"
    digest = hashlib.sha256(f"{scope}\n{idempotency_key}".encode()).hexdigest()
    return f"msg_{digest[:24]}"


def _is_one_line(text: str) -> bool:
    return not any(unicodedata.category(character) in _NOT_IN_HEADERS for character in text)
