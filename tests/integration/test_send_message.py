"""Messages against real tables and the engine's SES: one mail for one click, whatever fails."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from functions.send_message.draft_message import DraftMessage
from functions.send_message.preview_message import PreviewMessage
from functions.send_message.resolve_message import ResolveMessage
from functions.send_message.send_message import MessageRequest, SendMessage
from infra.local.mailbox import SentMail, sent_mail
from infra.local.stack import Stack
from shared.domain.errors import (
    BusyError,
    IdempotencyKeyReusedError,
    MailOutcomeUnknownError,
    MessageNotFoundError,
    MessageOutcomeKnownError,
    MessageRefusedError,
    NoEmailAddressError,
    OrderNotFoundError,
    RefundNotFoundError,
    SendingDomainError,
    TemplateMismatchError,
)
from shared.domain.message import Message, MessageOutcome, MessageStatus, Template
from shared.edge.auth import Caller, Role
from shared.gateways.attention import Attention
from shared.gateways.conflict import StaleStateError
from shared.gateways.mail import Mail
from shared.gateways.messages import Messages
from shared.gateways.records.studio import studio_to_item
from shared.gateways.studios import Studios
from tests.integration.backend import Backend

pytestmark = pytest.mark.stack


class Crash(BaseException):
    """The end of the process, which no code of ours survives to handle."""


@dataclass
class Post(Mail):
    """The engine's SES, with something done before or after each mail."""

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
    """A studio with an order that is being refunded, and what writes to its parent."""

    backend: Backend
    stack: Stack
    order: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.post = Post(self.stack.aws.mail)
        # Of its own, so that tests side by side do not take it from each other.
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
        draft_message = DraftMessage(Studios(dynamodb, table), self.post)
        orders, clock = self.backend.orders, self.backend.clock
        self.preview_message = PreviewMessage(orders, draft_message)
        self.send_message = SendMessage(orders, draft_message, self.messages, self.post, clock)
        self.resolve_message = ResolveMessage(orders, self.messages, clock)

    def change_studio(self, **changes: str) -> None:
        """Write the studio's record anew, with changes: an import adds studios and changes none."""
        backend = self.backend
        studio = Studios(backend.dynamodb, backend.orders_table).get(backend.studio_id)
        assert studio is not None
        changed = replace(studio, **changes)  # type: ignore[arg-type]  # a studio's own fields
        backend.dynamodb.put_item(TableName=backend.orders_table, Item=studio_to_item(changed))

    def request(self, key: str = "key", **changes: Any) -> MessageRequest:  # noqa: ANN401  # a request's fields
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

    def send(self, key: str = "key", **changes: Any) -> Message:  # noqa: ANN401  # a request's fields
        return self.send_message(self.backend.caller, self.request(key, **changes))

    def resolve(self, message: Message, outcome: MessageOutcome) -> Message:
        return self.resolve_message(self.backend.caller, self.order_id, message.message_id, outcome)

    def stored(self, key: str = "key") -> Message:
        found = self.messages.get(self.backend.key(self.order_id), self.request(key).message_id)
        assert found is not None
        return found

    def shown(self, key: str = "key") -> MessageStatus:
        return self.stored(key).shown_status(self.backend.clock())

    def mails(self) -> list[SentMail]:
        """Return what SES took for this order's parent."""
        found = sent_mail(self.stack.aws.endpoint_url)
        return [mail for mail in found if mail.to == [self.email]]

    def found(self) -> Message | None:
        key = self.backend.key(self.order_id)
        return self.messages.get(key, self.request().message_id)

    def needing_attention(self) -> list[Message]:
        return list(self.attention.messages(self.backend.studio_id))


@pytest.fixture
def desk(backend: Backend, stack: Stack) -> MessageSender:
    return MessageSender(backend, stack)


@pytest.fixture
def make_desk(backend: Backend, stack: Stack) -> Callable[..., MessageSender]:
    return lambda **order: MessageSender(backend, stack, order)


def crash() -> None:
    raise Crash


def fail_with(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


# It is sent, once, and kept.


def test_the_parent_gets_what_the_order_keeps(desk: MessageSender) -> None:
    message = desk.send()
    assert message.status is MessageStatus.SENT
    (mail,) = desk.mails()
    assert (mail.subject, mail.text, mail.html) == (message.subject, message.text, message.html)
    assert mail.message_id == message.ses_message_id
    assert mail.sender == f"Test Studio <orders@{desk.domain}>"
    assert (message.created_by, message.to_address) == ("tester", desk.email)
    assert message.created_at <= str(message.sent_at)
    assert not message.edited
    assert desk.stored() == message
    assert desk.needing_attention() == []


def test_edited_words_go_out_in_both_forms(desk: MessageSender) -> None:
    message = desk.send(subject="About your photos", text="Hello <you>\n\nSorry & thanks")
    (mail,) = desk.mails()
    assert mail.subject == "About your photos"
    assert mail.text == "Hello <you>\n\nSorry & thanks"
    assert "<p>Hello &lt;you&gt;</p>" in mail.html
    assert "<p>Sorry &amp; thanks</p>" in mail.html
    assert message.edited


def test_edited_html_goes_out_clean(desk: MessageSender) -> None:
    desk.send(text="Hello", html="<p>Hello <b>you</b><script>alert(1)</script></p>")
    (mail,) = desk.mails()
    assert "<p>Hello <b>you</b></p>" in mail.html
    assert "alert" not in mail.html


def test_the_previews_html_beside_an_edited_text_gives_way_to_the_text(desk: MessageSender) -> None:
    caller, refund_id = desk.backend.caller, desk.refund.refund_id
    draft, _ = desk.preview_message(caller, desk.order_id, Template.REFUND_CONFIRMATION, refund_id)
    message = desk.send(subject=draft.subject, text="Only this.", html=draft.html)
    assert "<p>Only this.</p>" in message.html
    assert draft.text not in message.text


def test_what_the_preview_gave_sent_back_is_not_edited(desk: MessageSender) -> None:
    caller, refund_id = desk.backend.caller, desk.refund.refund_id
    draft, warnings = desk.preview_message(
        caller, desk.order_id, Template.REFUND_CONFIRMATION, refund_id
    )
    assert warnings == []
    assert desk.mails() == []
    message = desk.send(subject=draft.subject, text=draft.text, html=draft.html)
    assert (message.text, message.html, message.edited) == (draft.text, draft.html, False)


def test_a_studio_with_a_name_in_another_script(desk: MessageSender) -> None:
    name = "さくらダンス写真館 " * 8
    desk.change_studio(name=name)
    desk.send()
    (mail,) = desk.mails()
    assert mail.sender == f"{name.strip()} <orders@{desk.domain}>"


# A second click.


def test_a_second_click_sends_nothing_and_gets_the_same_answer(desk: MessageSender) -> None:
    first = desk.send()
    assert desk.send() == first
    assert len(desk.mails()) == 1


def test_a_second_click_much_later_still_sends_nothing(desk: MessageSender) -> None:
    first = desk.send()
    desk.backend.deliver()
    desk.backend.drain()
    desk.backend.clock.ahead = timedelta(days=40)
    assert desk.send() == first
    assert len(desk.mails()) == 1


def test_the_key_with_another_body_is_refused(desk: MessageSender) -> None:
    desk.send()
    with pytest.raises(IdempotencyKeyReusedError):
        desk.send(subject="Another")
    assert len(desk.mails()) == 1


def test_another_key_is_another_message(desk: MessageSender) -> None:
    assert desk.send("one").message_id != desk.send("two").message_id
    assert len(desk.mails()) == 2


def test_eight_clicks_at_once_are_one_mail(desk: MessageSender) -> None:
    barrier = threading.Barrier(8)

    def click(_: int) -> Message:
        barrier.wait()
        return desk.send()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(click, range(8)))
    assert {answer.message_id for answer in answers} == {desk.stored().message_id}
    assert desk.post.calls == 1
    assert len(desk.mails()) == 1
    assert desk.stored().status is MessageStatus.SENT


# Crashes, and what nobody can know.


def test_a_crash_before_the_mail_is_shown_and_not_made_good(desk: MessageSender) -> None:
    desk.post.before = crash
    with pytest.raises(Crash):
        desk.send()
    assert_unknown_and_never_sent_again(desk, mails=0)


def test_a_crash_after_the_mail_is_shown_and_nothing_is_sent_again(desk: MessageSender) -> None:
    desk.post.after = crash
    with pytest.raises(Crash):
        desk.send()
    assert_unknown_and_never_sent_again(desk, mails=1)


def assert_unknown_and_never_sent_again(desk: MessageSender, mails: int) -> None:
    desk.post.before = desk.post.after = lambda: None
    assert desk.stored().status is MessageStatus.SENDING
    assert desk.shown() is MessageStatus.SENDING
    assert desk.needing_attention() == [desk.stored()]
    desk.backend.clock.ahead = timedelta(seconds=61)
    assert desk.shown() is MessageStatus.UNKNOWN
    assert desk.send() == desk.stored()
    assert desk.post.calls == 1
    assert len(desk.mails()) == mails


@pytest.mark.parametrize("after", [False, True])
def test_no_answer_reads_unknown_at_once(desk: MessageSender, *, after: bool) -> None:
    silent = fail_with(MailOutcomeUnknownError("ReadTimeoutError"))
    if after:
        desk.post.after = silent
    else:
        desk.post.before = silent
    assert desk.send().status is MessageStatus.UNKNOWN
    assert desk.shown() is MessageStatus.UNKNOWN
    assert len(desk.needing_attention()) == 1
    assert desk.send() == desk.stored()
    assert desk.post.calls == 1
    assert len(desk.mails()) == after


def test_an_outcome_that_cannot_be_recorded_is_told_all_the_same(
    desk: MessageSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(_: Message) -> Message:
        raise StaleStateError

    monkeypatch.setattr(desk.messages, "record_outcome", stale)
    monkeypatch.setattr("functions.send_message.send_message._OUTCOME_SECONDS", 0.1)
    assert desk.send().status is MessageStatus.SENT
    desk.backend.clock.ahead = timedelta(seconds=61)
    assert desk.shown() is MessageStatus.UNKNOWN
    assert len(desk.mails()) == 1


# A person finds out.


@pytest.fixture
def unknown(desk: MessageSender) -> Message:
    desk.post.before = fail_with(MailOutcomeUnknownError("ReadTimeoutError"))
    message = desk.send()
    desk.post.before = lambda: None
    return message


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (MessageOutcome.RECEIVED, MessageStatus.SENT),
        (MessageOutcome.NOT_RECEIVED, MessageStatus.FAILED),
    ],
)
def test_a_person_says_what_became_of_it(
    desk: MessageSender, unknown: Message, outcome: MessageOutcome, status: MessageStatus
) -> None:
    resolved = desk.resolve(unknown, outcome)
    assert (resolved.status, resolved.outcome) == (status, outcome)
    assert resolved.resolved_by == "tester"
    assert resolved.resolved_at is not None
    assert desk.stored() == resolved
    assert desk.needing_attention() == []
    assert desk.mails() == []
    assert desk.send() == resolved
    assert desk.mails() == []


def test_what_a_crash_left_can_be_resolved_after_a_minute_and_not_before(
    desk: MessageSender,
) -> None:
    desk.post.after = crash
    with pytest.raises(Crash):
        desk.send()
    with pytest.raises(MessageOutcomeKnownError):
        desk.resolve(desk.stored(), MessageOutcome.RECEIVED)
    desk.backend.clock.ahead = timedelta(seconds=61)
    assert desk.resolve(desk.stored(), MessageOutcome.RECEIVED).status is MessageStatus.SENT


def test_saying_it_again_changes_nothing(desk: MessageSender, unknown: Message) -> None:
    first = desk.resolve(unknown, MessageOutcome.RECEIVED)
    assert desk.resolve(unknown, MessageOutcome.RECEIVED) == first
    with pytest.raises(MessageOutcomeKnownError):
        desk.resolve(unknown, MessageOutcome.NOT_RECEIVED)


def test_two_people_who_say_different_things_at_once_do_not_both_count(
    desk: MessageSender, unknown: Message
) -> None:
    barrier = threading.Barrier(2)

    def say(outcome: MessageOutcome) -> Message | None:
        barrier.wait()
        try:
            return desk.resolve(unknown, outcome)
        except MessageOutcomeKnownError:
            return None

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(say, MessageOutcome))
    assert sum(answer is not None for answer in answers) == 1
    assert desk.stored() in answers


def test_a_message_that_is_known_needs_nobody(desk: MessageSender) -> None:
    with pytest.raises(MessageOutcomeKnownError):
        desk.resolve(desk.send(), MessageOutcome.NOT_RECEIVED)
    assert desk.stored().status is MessageStatus.SENT


def test_a_message_that_is_not_there(desk: MessageSender) -> None:
    with pytest.raises(MessageNotFoundError):
        desk.resolve(replace(desk.send(), message_id="msg_nothing"), MessageOutcome.RECEIVED)


# Refused before anything is written down.


def test_an_unverified_domain_is_refused_and_shown_in_the_preview(
    desk: MessageSender, stack: Stack
) -> None:
    stack.aws.mail.delete_email_identity(EmailIdentity=desk.domain)
    caller, refund_id = desk.backend.caller, desk.refund.refund_id
    _, warnings = desk.preview_message(
        caller, desk.order_id, Template.REFUND_CONFIRMATION, refund_id
    )
    assert warnings == ["sending_domain_not_verified"]
    with pytest.raises(SendingDomainError):
        desk.send()
    assert desk.found() is None
    stack.aws.mail.create_email_identity(EmailIdentity=desk.domain)
    assert desk.send().status is MessageStatus.SENT


def test_a_message_that_was_sent_is_answered_though_the_domain_is_gone(
    desk: MessageSender, stack: Stack
) -> None:
    first = desk.send()
    stack.aws.mail.delete_email_identity(EmailIdentity=desk.domain)
    assert desk.send() == first


@pytest.mark.parametrize("email", [None, "a,b@mail.example", "a@mail"])
def test_no_address_is_refused_and_shown_in_the_preview(
    make_desk: Callable[..., MessageSender], email: str | None
) -> None:
    desk = make_desk(parent={"name": "Dana Parent", "email": email})
    caller, refund_id = desk.backend.caller, desk.refund.refund_id
    draft, warnings = desk.preview_message(
        caller, desk.order_id, Template.REFUND_CONFIRMATION, refund_id
    )
    assert (draft.to_address, warnings) == (None, ["no_email_address"])
    with pytest.raises(NoEmailAddressError):
        desk.send()
    assert desk.post.calls == 0


def test_a_template_that_does_not_fit_is_refused(desk: MessageSender) -> None:
    with pytest.raises(TemplateMismatchError):
        desk.send(template=Template.REFUND_FAILED)
    assert desk.post.calls == 0


def test_a_refund_of_another_order_is_refused(desk: MessageSender) -> None:
    other = desk.backend.refund(desk.backend.sell(), 100)
    with pytest.raises(RefundNotFoundError):
        desk.send(refund_id=other.refund_id)


def test_another_studio_sees_no_order(desk: MessageSender) -> None:
    message = desk.send()
    stranger = Caller("stranger", "st_other", frozenset({Role.OWNER}))
    with pytest.raises(OrderNotFoundError):
        desk.send_message(stranger, desk.request())
    with pytest.raises(OrderNotFoundError):
        desk.preview_message(
            stranger, desk.order_id, Template.REFUND_CONFIRMATION, desk.refund.refund_id
        )
    with pytest.raises(OrderNotFoundError):
        desk.resolve_message(stranger, desk.order_id, message.message_id, MessageOutcome.RECEIVED)


def test_the_same_key_for_another_order_is_another_message(desk: MessageSender) -> None:
    other = MessageSender(desk.backend, desk.stack)
    assert desk.send().message_id != other.send().message_id
    assert len(other.mails()) == 1


# Refused by SES.


@pytest.mark.parametrize("error", [SendingDomainError, MessageRefusedError])
def test_a_refusal_is_kept_and_told_again(
    desk: MessageSender, error: type[SendingDomainError | MessageRefusedError]
) -> None:
    desk.post.before = fail_with(error("Put it right."))
    with pytest.raises(error):
        desk.send()
    desk.post.before = lambda: None
    kept = desk.stored()
    assert kept.status is MessageStatus.FAILED
    assert kept.refusal is not None
    assert (kept.refusal.reason, kept.refusal.detail) == (error.code, "Put it right.")
    assert desk.needing_attention() == []
    with pytest.raises(error, match="Put it right"):
        desk.send()
    assert desk.mails() == []
    assert desk.send("a new key").status is MessageStatus.SENT


def test_a_mail_service_that_does_not_answer_is_told_before_anything_is_written(
    desk: MessageSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.post, "sends_from", lambda _: fail_with(BusyError("Later."))())
    with pytest.raises(BusyError):
        desk.send()
    assert desk.found() is None
