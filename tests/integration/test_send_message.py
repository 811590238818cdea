"""Messages against real tables and the engine's SES: one mail for one click."""

from datetime import timedelta

import pytest

from shared.domain.errors import IdempotencyKeyReusedError
from shared.domain.message import MessageStatus
from tests.at_once import at_once
from tests.integration.message_sender import MessageSender

pytestmark = pytest.mark.stack


# It is sent once, and stored.


def test_the_parent_gets_the_message_that_is_stored(sender: MessageSender) -> None:
    message = sender.send()
    assert message.status is MessageStatus.SENT
    (mail,) = sender.mails()
    assert (mail.subject, mail.text, mail.html) == (message.subject, message.text, message.html)
    assert mail.message_id == message.ses_message_id
    assert mail.sender == f"Test Studio <orders@{sender.domain}>"
    assert (message.created_by, message.to_address) == ("tester", sender.email)
    assert message.created_at <= str(message.sent_at)
    assert not message.edited
    assert sender.stored() == message
    assert sender.needing_attention() == []


def test_edited_text_is_sent_as_text_and_html(sender: MessageSender) -> None:
    message = sender.send(subject="About your photos", text="Hello <you>\n\nSorry & thanks")
    (mail,) = sender.mails()
    assert mail.subject == "About your photos"
    assert mail.text == "Hello <you>\n\nSorry & thanks"
    assert "<p>Hello &lt;you&gt;</p>" in mail.html
    assert "<p>Sorry &amp; thanks</p>" in mail.html
    assert message.edited


def test_edited_html_is_sent_sanitized(sender: MessageSender) -> None:
    sender.send(text="Hello", html="<p>Hello <b>you</b><script>alert(1)</script></p>")
    (mail,) = sender.mails()
    assert "<p>Hello <b>you</b></p>" in mail.html
    assert "alert" not in mail.html


def test_an_edited_text_replaces_the_html_of_the_preview(
    sender: MessageSender,
) -> None:
    draft = sender.preview().draft
    message = sender.send(subject=draft.subject, text="Only this.", html=draft.html)
    assert "<p>Only this.</p>" in message.html
    assert draft.text not in message.text


def test_an_unchanged_preview_does_not_count_as_edited(sender: MessageSender) -> None:
    preview = sender.preview()
    draft = preview.draft
    assert preview.warnings == []
    assert sender.mails() == []
    message = sender.send(subject=draft.subject, text=draft.text, html=draft.html)
    assert (message.text, message.html, message.edited) == (draft.text, draft.html, False)


def test_a_studio_name_may_be_in_another_script(sender: MessageSender) -> None:
    name = "さくらダンス写真館 " * 8
    sender.change_studio(name=name)
    sender.send()
    (mail,) = sender.mails()
    assert mail.sender == f"{name.strip()} <orders@{sender.domain}>"


# A second click.


def test_a_second_click_sends_nothing_and_gets_the_same_answer(sender: MessageSender) -> None:
    first = sender.send()
    assert sender.send() == first
    assert len(sender.mails()) == 1


def test_a_second_click_much_later_still_sends_nothing(sender: MessageSender) -> None:
    first = sender.send()
    sender.backend.settle_all()
    sender.backend.clock.ahead = timedelta(days=40)
    assert sender.send() == first
    assert len(sender.mails()) == 1


def test_a_key_with_another_body_is_refused(sender: MessageSender) -> None:
    sender.send()
    with pytest.raises(IdempotencyKeyReusedError):
        sender.send(subject="Another")
    assert len(sender.mails()) == 1


def test_another_key_is_another_message(sender: MessageSender) -> None:
    assert sender.send("one").message_id != sender.send("two").message_id
    assert len(sender.mails()) == 2


def test_eight_clicks_at_once_are_one_mail(sender: MessageSender) -> None:
    answers = at_once(8, lambda _: sender.send())
    assert {answer.message_id for answer in answers} == {sender.stored().message_id}
    assert sender.mail.calls == 1
    assert len(sender.mails()) == 1
    assert sender.stored().status is MessageStatus.SENT


# Refused before anything is written down.


def test_the_same_key_for_another_order_is_another_message(sender: MessageSender) -> None:
    other = MessageSender(sender.backend, sender.stack)
    assert sender.send().message_id != other.send().message_id
    assert len(other.mails()) == 1
