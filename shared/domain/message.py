"""A message to a parent: what was written, and what is known of whether it was sent.

    sending ──mail service took it──► sent
       │ ╲──mail service refused────► failed
       ▼
    unknown ──a person says─────────► sent or failed

It is ``sending`` before the mail service is called. Nothing sends it a second time: where nobody
can know what became of it, it reads ``unknown`` until a person has asked.
"""

import hashlib
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.errors import MessageOutcomeKnownError
from shared.domain.order import OrderKey
from shared.domain.refusal import Refusal

# Longer than any call that sends one lives: who has not heard of it by then never will.
OUTCOME_WITHIN = timedelta(seconds=60)


class MessageStatus(StrEnum):
    """Where a message is."""

    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


# Controls, line and paragraph separators: https://www.rfc-editor.org/rfc/rfc5322#section-2.2
_NOT_IN_HEADERS = frozenset({"Cc", "Zl", "Zp"})

# A person may have to look at it.
UNSETTLED = frozenset({MessageStatus.SENDING, MessageStatus.UNKNOWN})


class Template(StrEnum):
    """What a message is about."""

    REFUND_CONFIRMATION = "refund_confirmation"
    REFUND_FAILED = "refund_failed"


class MessageOutcome(StrEnum):
    """What a person found out about a message of which nobody knew."""

    RECEIVED = "received"
    NOT_RECEIVED = "not_received"


_RESOLVED_AS = {
    MessageOutcome.RECEIVED: MessageStatus.SENT,
    MessageOutcome.NOT_RECEIVED: MessageStatus.FAILED,
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message about a refund, exactly as it was handed to the mail service.

    ``edited`` says that a person changed the template's words. ``sent_at`` is when the mail service
    took it, unknown where only the parent knew; ``refusal`` is why it did not. Times are RFC 3339
    in UTC.
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
    version: int = 0

    def __post_init__(self) -> None:
        """Make sure that what becomes a header stays one.

        Raises:
            ValueError: There is a line break or another control character in it.
        """
        if not all(map(_is_one_line, (self.from_name, self.from_address, self.to_address))):
            raise ValueError("a line break in who it is from or to")
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
        """Whether nobody has said yet what became of it."""
        return self.status in UNSETTLED

    def shown_status(self, now: datetime) -> MessageStatus:
        """Return the status to show: one that is still sending after a minute is unknown."""
        if self.status is not MessageStatus.SENDING:
            return self.status
        late = now - datetime.fromisoformat(self.created_at) >= OUTCOME_WITHIN
        return MessageStatus.UNKNOWN if late else MessageStatus.SENDING

    def sent(self, ses_message_id: str, at: str) -> "Message":
        """Return the message after the mail service has taken it."""
        return replace(self, status=MessageStatus.SENT, ses_message_id=ses_message_id, sent_at=at)

    def refused(self, refusal: Refusal) -> "Message":
        """Return the message after the mail service has surely refused it."""
        return replace(self, status=MessageStatus.FAILED, refusal=refusal)

    def lost(self) -> "Message":
        """Return the message after the mail service has not said what became of it."""
        return replace(self, status=MessageStatus.UNKNOWN)

    def resolved(self, outcome: MessageOutcome, now: datetime, at: str, by: str) -> "Message":
        """Return the message after a person has found out; the same again changes nothing.

        Args:
            outcome: What became of it.
            now: The time, to tell whether it can still become known by itself.
            at: The same time, RFC 3339 in UTC.
            by: The user.

        Raises:
            MessageOutcomeKnownError: It is known already, or may be in a moment.
        """
        if self.outcome is outcome:
            return self
        shown = self.shown_status(now)
        if shown is not MessageStatus.UNKNOWN:
            raise MessageOutcomeKnownError(
                f"The message is {shown}. Only one that is unknown needs somebody to find out."
            )
        return replace(
            self, status=_RESOLVED_AS[outcome], outcome=outcome, resolved_at=at, resolved_by=by
        )


def sender_of(name: str, address: str) -> str:
    """Return a sender as people read it; the header of the mail is the mail gateway's to make."""
    return f"{name} <{address}>"


def derive_message_id(order: OrderKey, idempotency_key: str) -> str:
    """Return the message id that a client's key has for an order: the same each time."""
    scope = f"message {order.studio_id} {order.order_id}"
    digest = hashlib.sha256(f"{scope}\n{idempotency_key}".encode()).hexdigest()
    return f"msg_{digest[:24]}"


def _is_one_line(text: str) -> bool:
    return not any(unicodedata.category(character) in _NOT_IN_HEADERS for character in text)
