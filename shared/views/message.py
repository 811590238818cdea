"""A message to a parent as the API shows it."""

from datetime import datetime

from pydantic import ConfigDict, Field

from shared.domain.delivery import DeliveryReason, DeliveryReport, DeliveryStatus
from shared.domain.message import Message, MessageOutcome, MessageStatus
from shared.domain.message_template import Template
from shared.views.people import NO_NAMES, Names, optional_name, shown_name
from shared.views.view import View


class MessageRefusalView(View):
    """Why the mail service refused the message: a stable code, and what to do."""

    code: str
    detail: str


class DeliveryView(View):
    """Where a sent message is, as the mail service reported it last. ``detail`` says it in words.

    ``needs_attention`` says that it did not arrive and that nobody has dismissed that yet.
    """

    status: DeliveryStatus
    detail: str
    reason: DeliveryReason | None
    at: str
    needs_attention: bool
    dismissed_by: str | None
    dismissed_by_name: str | None
    note: str | None


class MessageView(View):
    """A message to a parent, with its sender, times and outcome.

    ``delivery`` is null until the mail service reports something.
    """

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    message_id: str
    order_id: str
    refund_id: str
    template: Template
    status: MessageStatus
    sender: str = Field(alias="from")
    to: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    edited: bool
    created_by: str
    created_by_name: str
    created_at: str
    sent_at: str | None
    ses_message_id: str | None
    refusal: MessageRefusalView | None
    outcome: MessageOutcome | None
    resolved_by: str | None
    resolved_by_name: str | None
    resolved_at: str | None
    delivery: DeliveryView | None


def message_view(message: Message, now: datetime, names: Names = NO_NAMES) -> MessageView:
    """Return a message as the API shows it.

    Args:
        message: The message.
        now: The time. After a minute, ``sending`` reads ``unknown``.
        names: What users are called.
    """
    return MessageView(
        message_id=message.message_id,
        order_id=message.order_id,
        refund_id=message.refund_id,
        template=message.template,
        status=message.shown_status(now),
        sender=message.sender,
        to=message.to_address,
        reply_to=message.reply_to,
        subject=message.subject,
        text=message.text,
        html=message.html,
        edited=message.edited,
        created_by=message.created_by,
        created_by_name=shown_name(names, message.created_by),
        created_at=message.created_at,
        sent_at=message.sent_at,
        ses_message_id=message.ses_message_id,
        refusal=message.refusal
        and MessageRefusalView(code=message.refusal.reason, detail=message.refusal.detail),
        outcome=message.outcome,
        resolved_by=message.resolved_by,
        resolved_by_name=optional_name(names, message.resolved_by),
        resolved_at=message.resolved_at,
        delivery=message.delivery and _delivery_view(message.delivery, names),
    )


def _delivery_view(report: DeliveryReport, names: Names) -> DeliveryView:
    return DeliveryView(
        status=report.status,
        detail=report.detail,
        reason=report.reason,
        at=report.at,
        needs_attention=report.needs_attention,
        dismissed_by=report.dismissed_by,
        dismissed_by_name=optional_name(names, report.dismissed_by),
        note=report.note,
    )
