"""Responses about messages."""

from pydantic import ConfigDict, Field

from functions.send_message.bodies import MessageChoice
from functions.send_message.find_notices import NoticeCode
from functions.send_message.preview_message import Preview
from shared.domain.message import sender_of
from shared.domain.message_template import Template
from shared.views.view import View


class MessageNoticeView(View):
    """What staff should know before they send a message: a stable code, and the words."""

    code: NoticeCode
    detail: str


class MessagePreviewView(View):
    """The filled-in template. ``to`` is null if the order has no email address.

    ``warnings`` are the codes of the errors that sending it would get now. ``notices`` keep nobody
    from sending it. ``reply_to`` is the studio's address if the message comes from PPS's.
    """

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    template: Template
    refund_id: str
    sender: str = Field(alias="from")
    to: str | None
    reply_to: str | None
    subject: str
    text: str
    html: str
    warnings: list[str]
    notices: list[MessageNoticeView]


def preview_view(choice: MessageChoice, preview: Preview) -> MessagePreviewView:
    """Return a preview as the API shows it."""
    draft = preview.draft
    return MessagePreviewView(
        template=choice.chosen,
        refund_id=choice.refund_id,
        sender=sender_of(draft.from_name, draft.from_address),
        to=draft.to_address,
        reply_to=draft.reply_to,
        subject=draft.subject,
        text=draft.text,
        html=draft.html,
        warnings=preview.warnings,
        notices=[MessageNoticeView(code=each.code, detail=each.detail) for each in preview.notices],
    )
