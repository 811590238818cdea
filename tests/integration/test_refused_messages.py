"""Messages that are refused, before anything is stored or by SES."""

import pytest

from infra.local.stack import Stack
from shared.domain.errors import (
    BusyError,
    MessageRefusedError,
    NoEmailAddressError,
    OrderNotFoundError,
    RefundNotFoundError,
    SendingDomainError,
    TemplateMismatchError,
)
from shared.domain.message import MessageOutcome, MessageStatus
from shared.domain.message_template import Template
from shared.edge.auth import Caller, Role
from tests.integration.backend import Backend
from tests.integration.message_sender import MessageSender, fail_with

pytestmark = pytest.mark.stack


# Refused before anything is stored.


def test_an_unverified_domain_is_refused_and_shown_in_the_preview(
    sender: MessageSender, stack: Stack
) -> None:
    stack.aws.mail.delete_email_identity(EmailIdentity=sender.domain)
    preview = sender.preview()
    assert preview.warnings == ["sending_domain_not_verified"]
    with pytest.raises(SendingDomainError):
        sender.send()
    assert sender.found() is None
    stack.aws.mail.create_email_identity(EmailIdentity=sender.domain)
    assert sender.send().status is MessageStatus.SENT


def test_a_sent_message_is_answered_again_even_when_the_domain_is_gone(
    sender: MessageSender, stack: Stack
) -> None:
    first = sender.send()
    stack.aws.mail.delete_email_identity(EmailIdentity=sender.domain)
    assert sender.send() == first


@pytest.mark.parametrize("email", [None, "a,b@mail.example", "a@mail"])
def test_a_missing_address_is_refused_and_shown_in_the_preview(
    backend: Backend, stack: Stack, email: str | None
) -> None:
    sender = MessageSender(backend, stack, {"parent": {"name": "Dana Parent", "email": email}})
    preview = sender.preview()
    assert (preview.draft.to_address, preview.warnings) == (None, ["no_email_address"])
    with pytest.raises(NoEmailAddressError):
        sender.send()
    assert sender.mail.calls == 0


def test_a_template_that_does_not_fit_is_refused(sender: MessageSender) -> None:
    with pytest.raises(TemplateMismatchError):
        sender.send(template=Template.REFUND_FAILED)
    assert sender.mail.calls == 0


def test_a_refund_of_another_order_is_refused(sender: MessageSender) -> None:
    other = sender.backend.refund(sender.backend.sell(), 100)
    with pytest.raises(RefundNotFoundError):
        sender.send(refund_id=other.refund_id)


def test_another_studio_cannot_find_the_order(sender: MessageSender) -> None:
    message = sender.send()
    stranger = Caller("stranger", "st_other", frozenset({Role.OWNER}))
    with pytest.raises(OrderNotFoundError):
        sender.send_message(stranger, sender.request())
    with pytest.raises(OrderNotFoundError):
        sender.preview_message(
            stranger, sender.order_id, Template.REFUND_CONFIRMATION, sender.refund.refund_id
        )
    with pytest.raises(OrderNotFoundError):
        sender.resolve_message(
            stranger, sender.order_id, message.message_id, MessageOutcome.RECEIVED
        )


# Refused by SES.


@pytest.mark.parametrize("error", [SendingDomainError, MessageRefusedError])
def test_a_refusal_is_stored_and_answered_again(
    sender: MessageSender, error: type[SendingDomainError | MessageRefusedError]
) -> None:
    sender.mail.before = fail_with(error("Put it right."))
    with pytest.raises(error):
        sender.send()
    sender.mail.before = lambda: None
    kept = sender.stored()
    assert kept.status is MessageStatus.FAILED
    assert kept.refusal is not None
    assert (kept.refusal.reason, kept.refusal.detail) == (error.code, "Put it right.")
    assert sender.needing_attention() == []
    with pytest.raises(error, match="Put it right"):
        sender.send()
    assert sender.mails() == []
    assert sender.send("a new key").status is MessageStatus.SENT


def test_nothing_is_stored_when_the_mail_service_does_not_answer(
    sender: MessageSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender.mail, "sends_from", lambda _: fail_with(BusyError("Later."))())
    with pytest.raises(BusyError):
        sender.send()
    assert sender.found() is None
