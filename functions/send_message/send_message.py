"""Sending a message: written down first, sent second, once.

record as sending ──► mail service ──► record what became of it
│ crash here: never sent        │ crash here: sent
└────────── reads unknown ──────┘  a person finds out, nothing is sent again by itself
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.send_message.compose_message import Draft, html_of_edited, html_of_text
from functions.send_message.draft_message import DraftMessage
from shared.clock import Clock, rfc3339
from shared.domain.errors import (
    BusyError,
    DomainError,
    IdempotencyKeyReusedError,
    MailOutcomeUnknownError,
    MessageRefusedError,
    SendingDomainError,
)
from shared.domain.message import Message, MessageStatus, Template, derive_message_id
from shared.domain.order import OrderKey
from shared.domain.refusal import Refusal
from shared.edge.auth import Caller
from shared.edge.fingerprint import fingerprint_of
from shared.edge.observability import count, logger
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.mail import Mail
from shared.gateways.messages import Messages
from shared.gateways.orders_table import OrderRecord, OrdersTable
from shared.workflow.load_callers_order import load_callers_order

# Before it is sent, a request waits this long for its turn.
_RECORD_SECONDS = 5.0
# After, what became of it is worth some patience; the mail itself may have taken 17 seconds.
_OUTCOME_SECONDS = 4.0

_REFUSALS: dict[str, type[DomainError]] = {
    each.code: each for each in (SendingDomainError, MessageRefusedError)
}


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """A checked request: what to write, edited or not, and the client's key and body."""

    order: OrderKey
    template: Template
    refund_id: str
    subject: str | None
    text: str | None
    html: str | None
    idempotency_key: str
    body: Mapping[str, Any]

    @property
    def message_id(self) -> str:
        """The message's id: the same order and key always name the same message."""
        return derive_message_id(self.order, self.idempotency_key)

    @property
    def fingerprint(self) -> str:
        """A digest that tells whether a repeated key came with the same body."""
        return fingerprint_of(self.body)


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Sends a message, at most once for each key."""

    orders: OrdersTable
    draft_message: DraftMessage
    messages: Messages
    mail: Mail
    clock: Clock

    def __call__(self, caller: Caller, request: MessageRequest) -> Message:
        """Send a message and return it, sent or unknown; a repeat sends nothing.

        Raises:
            DomainError: It was refused, by the order's state or by the mail service, the first
                time or now; nothing was sent.
            BusyError: The mail service or the table has too much to do; nothing was sent.
        """
        logger.append_keys(order_id=request.order.order_id, message_id=request.message_id)
        for _ in tries(_RECORD_SECONDS):
            record = load_callers_order(self.orders, caller, request.order.order_id)
            found = self.messages.get(request.order, request.message_id)
            if found is not None:
                return _answer_again(found, request)
            message = self._written(caller, record, request)
            try:
                self.messages.record_sending(message)
            except StaleStateError:  # the same request, a moment earlier
                continue
            logger.info("message recorded", refund_id=message.refund_id)
            return self._hand_over(message)
        raise BusyError("Too much at once; nothing was sent. Repeat with the same Idempotency-Key.")

    def _written(self, caller: Caller, record: OrderRecord, request: MessageRequest) -> Message:
        draft = self.draft_message(record, request.template, request.refund_id)
        for refusal in self.draft_message.obstacles(draft):
            raise refusal
        subject, text, html = _edited(draft, request)
        return Message(
            message_id=request.message_id,
            order_id=request.order.order_id,
            studio_id=request.order.studio_id,
            refund_id=request.refund_id,
            template=request.template,
            status=MessageStatus.SENDING,
            from_name=draft.from_name,
            from_address=draft.from_address,
            to_address=draft.to_address or "",
            subject=subject,
            text=text,
            html=html,
            edited=(subject, text, html) != (draft.subject, draft.text, draft.html),
            created_by=caller.user,
            created_at=rfc3339(self.clock()),
            fingerprint=request.fingerprint,
        )

    def _hand_over(self, message: Message) -> Message:
        try:
            ses_message_id = self.mail.send(message)
        except (SendingDomainError, MessageRefusedError) as refusal:
            logger.warning("the mail service refused", detail=refusal.detail)
            count("MessageRefused")
            self._record_outcome(
                message.refused(Refusal(refusal.code, refusal.detail, answered=True))
            )
            raise
        except MailOutcomeUnknownError as unknown:
            logger.warning("nobody knows whether the mail was sent", reason=unknown.reason)
            count("MessageOutcomeUnknown")
            return self._record_outcome(message.lost())
        count("MessageSent")
        return self._record_outcome(message.sent(ses_message_id, rfc3339(self.clock())))

    def _record_outcome(self, message: Message) -> Message:
        for _ in tries(_OUTCOME_SECONDS):
            try:
                return self.messages.record_outcome(message)
            except StaleStateError:
                continue
        # It will read unknown, which is true of everybody but this one caller.
        logger.warning("what became of the message is not recorded")
        return message


def _answer_again(message: Message, request: MessageRequest) -> Message:
    if message.fingerprint != request.fingerprint:
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key sent another message about this order. Use a new key for a new "
            "message."
        )
    if message.refusal is not None:
        raise _REFUSALS[message.refusal.reason](message.refusal.detail)
    return message


def _edited(draft: Draft, request: MessageRequest) -> tuple[str, str, str]:
    """Return subject, text and HTML as they go out; both say what the person who sends it wrote."""
    subject = draft.subject if request.subject is None else request.subject
    text = draft.text if request.text is None else request.text
    if request.html is not None and request.html != draft.html:
        return subject, text, html_of_edited(request.html)
    return subject, text, draft.html if text == draft.text else html_of_text(text)
