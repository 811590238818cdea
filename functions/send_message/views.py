"""From the draft to the API's body."""

from functions.send_message.compose_message import Draft
from functions.send_message.models import MessageChoice, MessagePreviewView
from shared.domain.message import sender_of


def preview_view(choice: MessageChoice, draft: Draft, warnings: list[str]) -> MessagePreviewView:
    """Return the answer to a preview."""
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
