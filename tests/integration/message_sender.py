"""Messages to one order's parent in this process, and an SES that can fail."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from functions.attention.record_resolution import DismissDelivery
from functions.mail_events.record_delivery import RecordDelivery
from functions.send_message.draft_message import DraftMessage
from functions.send_message.find_notices import FindNotices
from functions.send_message.preview_message import Preview, PreviewMessage
from functions.send_message.resolve_message import ResolveMessage
from functions.send_message.send_message import MessageRequest, SendMessage
from infra.local.mailbox import SentMail, sent_mail
from infra.local.stack import Stack
from shared.domain.message import Message, MessageOutcome, MessageStatus
from shared.domain.message_template import Template
from shared.gateways.attention import Attention
from shared.gateways.mail import Mail
from shared.gateways.messages import Messages
from shared.gateways.records.studio import studio_to_item
from shared.gateways.studios import Studios
from tests.integration.backend import Backend
from tests.integration.crash import CrashError


@dataclass
class FaultyMail(Mail):
    """The engine's SES, with a fault before or after each mail."""

    ses: Any
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    calls: int = 0

    def __post_init__(self) -> None:
        super().__init__(self.ses, self.ses)

    def send(self, message: Message) -> str:
        self.calls += 1
        self.before()
        ses_message_id = super().send(message)
        self.after()
        return ses_message_id


@dataclass
class MessageSender:
    """Sends messages to the parent of one order that has a pending refund."""

    backend: Backend
    stack: Stack
    order: dict[str, Any] = field(default_factory=dict)
    fallback_address: str | None = None

    def __post_init__(self) -> None:
        self.mail = FaultyMail(self.stack.aws.mail)
        # Its own domain, so that parallel tests do not share one.
        self.domain = f"{self.backend.run}.example"
        self.change_studio(from_address=f"orders@{self.domain}")
        self.stack.aws.mail.create_email_identity(EmailIdentity=self.domain)
        self.email = f"{uuid.uuid4().hex}@mail.example"
        parent = {"name": "Dana Parent", "email": self.email}
        self.order_id = self.backend.sell(**{"parent": parent, **self.order})
        self.refund = self.backend.refund(self.order_id, 2500)
        dynamodb, table = self.backend.dynamodb, self.backend.orders_table
        self.messages = Messages(dynamodb, table)
        self.attention = Attention(dynamodb, table)
        self.draft_message = DraftMessage(
            Studios(dynamodb, table), self.mail, self.fallback_address
        )
        orders, clock = self.backend.orders, self.backend.clock
        notices = FindNotices(self.mail, self.messages)
        stops = self.backend.stops
        self.preview_message = PreviewMessage(orders, self.draft_message, notices, stops)
        self.send_message = SendMessage(
            orders, self.draft_message, self.messages, self.mail, stops, clock
        )
        self.record_delivery = RecordDelivery(self.messages)
        self.dismiss_delivery = DismissDelivery(orders, self.messages, clock)
        self.resolve_message = ResolveMessage(orders, self.messages, clock)

    def change_studio(self, **changes: str) -> None:
        """Write the studio's record with changes, past the checks of an import."""
        backend = self.backend
        studio = Studios(backend.dynamodb, backend.orders_table).get(backend.studio_id)
        assert studio is not None
        changed = replace(studio, **changes)  # type: ignore[arg-type]  # a studio's own fields
        backend.dynamodb.put_item(TableName=backend.orders_table, Item=studio_to_item(changed))

    def request(self, key: str = "key", **changes: Any) -> MessageRequest:  # noqa: ANN401  # a request's fields
        """Return a request to send the confirmation, with changes."""
        body = {
            "template": Template.REFUND_CONFIRMATION,
            "refund_id": self.refund.refund_id,
            "subject": None,
            "text": None,
            "html": None,
        } | changes
        return MessageRequest(
            order=self.backend.key(self.order_id), idempotency_key=key, body={**body}, **body
        )

    def preview(self) -> Preview:
        """Return the preview of the confirmation, for the studio's owner."""
        return self.preview_message(
            self.backend.caller,
            self.order_id,
            Template.REFUND_CONFIRMATION,
            self.refund.refund_id,
        )

    def send(self, key: str = "key", **changes: Any) -> Message:  # noqa: ANN401  # a request's fields
        """Send the confirmation, with changes, as the studio's owner."""
        return self.send_message(self.backend.caller, self.request(key, **changes))

    def resolve(self, message: Message, outcome: MessageOutcome) -> Message:
        """Record as the studio's owner whether the message arrived."""
        return self.resolve_message(self.backend.caller, self.order_id, message.message_id, outcome)

    def stored(self, key: str = "key") -> Message:
        """Return the stored message of a key; it must be there."""
        found = self.messages.get(self.backend.key(self.order_id), self.request(key).message_id)
        assert found is not None
        return found

    def shown(self, key: str = "key") -> MessageStatus:
        """Return the status that staff see."""
        return self.stored(key).shown_status(self.backend.clock())

    def mails(self) -> list[SentMail]:
        """Return the mails that SES accepted for this order's parent."""
        found = sent_mail(self.stack.aws.endpoint_url)
        return [mail for mail in found if mail.to == [self.email]]

    def found(self) -> Message | None:
        """Return the stored message, or None."""
        key = self.backend.key(self.order_id)
        return self.messages.get(key, self.request().message_id)

    def needing_attention(self) -> list[Message]:
        """Return the studio's messages on the attention list."""
        return list(self.attention.messages(self.backend.studio_id))


def crash() -> None:
    """End the function."""
    raise CrashError


def fail_with(error: Exception) -> Callable[[], None]:
    """Return a function that raises the error."""

    def fail() -> None:
        raise error

    return fail
