"""Responses about messages."""

from pydantic import ConfigDict, Field

from functions.send_message.bodies import MessageChoice
from functions.send_message.compose_message import Draft
from shared.domain.message import Template, sender_of
from shared.views.view import View


class MessagePreviewView(View):
    """The filled-in template. ``to`` is null if the order has no email address.

    ``warnings`` are the codes of the errors that sending it would get now.
    """

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    template: Template
    refund_id: str
    sender: str = Field(alias="from")
    to: str | None
    subject: str
    text: str
    html: str
    warnings: list[str]


def preview_view(choice: MessageChoice, draft: Draft, warnings: list[str]) -> MessagePreviewView:
    """Return a preview as the API shows it."""
    return MessagePreviewView(
        template=choice.chosen,
        refund_id=choice.refund_id,
        sender=sender_of(draft.from_name, draft.from_address),
        to=draft.to_address,
        subject=draft.subject,
        text=draft.text,
        html=draft.html,
        warnings=warnings,
    )
