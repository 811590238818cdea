"""Sending a message once: first record it, then send it.

record as sending ──► mail service ──► record the outcome
│ crash here: not sent          │ crash here: sent
└────────── reads unknown ──────┘  A person finds out. Nothing sends it a second time.
"""

from collections.abc import Callable, Mapping
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
from shared.domain.message import Message, MessageStatus, derive_message_id
from shared.domain.message_template import Template
from shared.domain.order import OrderKey
from shared.domain.refusal import Refusal
from shared.edge.auth import Caller
from shared.edge.fingerprint import fingerprint_of
from shared.edge.observability import count, logger
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.mail import Mail
from shared.gateways.messages import Messages
from shared.gateways.orders_table import OrderRecord, OrdersTable
from shared.workflow.current_stops import CurrentStops
from shared.workflow.load_callers_order import load_callers_order

# How long a request waits for its turn before the message is sent.
_RECORD_SECONDS = 3.0
# How long it tries to record the outcome. Sending may have taken 20 seconds before.
_OUTCOME_SECONDS = 4.0

_REFUSALS: dict[str, type[DomainError]] = {
    each.code: each for each in (SendingDomainError, MessageRefusedError)
}


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """A checked request. ``subject``, ``text`` and ``html`` are None unless they were edited."""

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
        """The message's id. The same order and key always give the same id."""
        return derive_message_id(self.order, self.idempotency_key)

    @property
    def fingerprint(self) -> str:
        """A digest of the body. It shows whether a repeated key came with the same body."""
        return fingerprint_of(self.body)


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Sends a message, at most once for each key."""

    orders: OrdersTable
    draft_message: DraftMessage
    messages: Messages
    mail: Mail
    stops: CurrentStops
    clock: Clock

    def __call__(self, caller: Caller, request: MessageRequest) -> Message:
        """Send a message and return it, sent or with an unknown outcome. A repeat sends nothing.

        Raises:
            DomainError: The order's state or the mail service refused it, now or the first time.
                Nothing was sent.
            BusyError: The mail service or the table is too busy. Nothing was sent.
        """
        logger.append_keys(order_id=request.order.order_id, message_id=request.message_id)
        for _ in tries(_RECORD_SECONDS):
            record = load_callers_order(self.orders, caller, request.order.order_id)
            found = self.messages.get(request.order, request.message_id)
            if found is not None:
                return _answer_again(found, request)
            self.stops.load().require_messages(caller.studio_id)
            message = self._compose(caller, record, request)
            try:
                self.messages.record_sending(message)
            except StaleStateError:  # the same request, a moment earlier
                continue
            logger.info("message recorded", refund_id=message.refund_id)
            return self._hand_over(message)
        raise BusyError(
            "Others are changing this order. Nothing was sent. Send the request again with the "
            "same Idempotency-Key."
        )

    def _compose(self, caller: Caller, record: OrderRecord, request: MessageRequest) -> Message:
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
            reply_to=draft.reply_to,
        )

    def _hand_over(self, message: Message) -> Message:
        try:
            ses_message_id = self.mail.send(message)
        except (SendingDomainError, MessageRefusedError) as refusal:
            logger.warning("mail service refused the message", detail=refusal.detail)
            count("MessageRefused")
            refused = Refusal(refusal.code, refusal.detail, answered=True)
            self._record_outcome(message, lambda each: each.refused(refused))
            raise
        except MailOutcomeUnknownError as unknown:
            logger.warning("mail outcome unknown", reason=unknown.reason)
            count("MessageOutcomeUnknown")
            return self._record_outcome(message, Message.lost)
        count("MessageSent")
        at = rfc3339(self.clock())
        return self._record_outcome(message, lambda each: each.sent(ses_message_id, at))

    def _record_outcome(self, message: Message, outcome: Callable[[Message], Message]) -> Message:
        """Record the outcome. The mail service may report about the message at the same time."""
        for _ in tries(_OUTCOME_SECONDS):
            known = outcome(message)
            try:
                return known if known == message else self.messages.record_outcome(known)
            except StaleStateError:
                message = self.messages.get(message.order_key, message.message_id) or message
        # The message will read unknown until a report comes. Only this caller learns the outcome.
        logger.warning("message outcome not recorded")
        return outcome(message)


def _answer_again(message: Message, request: MessageRequest) -> Message:
    if message.fingerprint != request.fingerprint:
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key has already sent another message about this order. Use a new key "
            "for a new message."
        )
    if message.refusal is not None:
        raise _REFUSALS[message.refusal.reason](message.refusal.detail)
    return message


def _edited(draft: Draft, request: MessageRequest) -> tuple[str, str, str]:
    """Return subject, text and HTML to send. Text and HTML both have the sender's words."""
    subject = draft.subject if request.subject is None else request.subject
    text = draft.text if request.text is None else request.text
    if request.html is not None and request.html != draft.html:
        return subject, text, html_of_edited(request.html, draft.from_name)
    unchanged = text == draft.text
    return subject, text, draft.html if unchanged else html_of_text(text, draft.from_name)
