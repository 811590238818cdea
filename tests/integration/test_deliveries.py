"""What SES says about a message: recorded once, in any order, and said before the next message."""

from collections import Counter
from datetime import timedelta
from itertools import permutations

import pytest

from functions.mail_events.ses_event import reported_mail
from infra.local.stack import Stack
from shared.domain.delivery import DeliveryStatus
from shared.domain.errors import MailOutcomeUnknownError, SendingDomainError
from shared.domain.message import Message, MessageStatus
from tests.at_once import at_once
from tests.integration.backend import Backend
from tests.integration.message_sender import MessageSender, fail_with
from tests.ses_events import ses_event

pytestmark = pytest.mark.stack

FALLBACK = "studios@{}.fallback.example"


def ids_of(message: Message) -> dict[str, str]:
    return {name: getattr(message, name) for name in ("studio_id", "order_id", "message_id")}


def report(sender: MessageSender, kind: str, key: str = "key", **changes: object) -> Message | None:
    """Let SES report about the message of a key."""
    message = sender.stored(key)
    ses_message_id = message.ses_message_id or "0100-first-seen"
    event = ses_event(kind, ids_of(message), ses_message_id, **changes)
    return sender.record_delivery(reported_mail(event))


def test_any_order_and_number_of_reports_gives_the_same_record(sender: MessageSender) -> None:
    records = []
    kinds = ("Delivery", "Bounce", "DeliveryDelay")
    for number, order in enumerate(permutations(kinds)):
        key = f"key-{number}"
        sender.send(key)
        for kind in (*order, *order):
            report(sender, kind, key)
        records.append([(each.status, each.reason) for each in sender.stored(key).reports])
    assert all(each == records[0] for each in records)
    assert [status for status, _ in records[0]] == ["delayed", "delivered", "bounced"]


def test_eight_reports_at_once_are_all_recorded(sender: MessageSender) -> None:
    sender.send()
    kinds = ["Delivery", "Bounce", "Complaint", "DeliveryDelay"] * 2
    at_once(8, lambda number: report(sender, kinds[number]))
    assert Counter(each.status for each in sender.stored().reports) == {
        DeliveryStatus.DELAYED: 1,
        DeliveryStatus.DELIVERED: 1,
        DeliveryStatus.BOUNCED: 1,
        DeliveryStatus.COMPLAINED: 1,
    }


def test_a_report_that_comes_before_the_answer_is_kept(sender: MessageSender) -> None:
    def report_early() -> None:
        report(sender, "Delivery")

    sender.mail.after = report_early
    answer = sender.send()
    stored = sender.stored()
    assert answer == stored
    assert (stored.status, stored.delivery and stored.delivery.status) == ("sent", "delivered")
    assert stored.ses_message_id == sender.mails()[0].message_id
    assert stored.sent_at is not None


def test_a_report_settles_a_message_whose_outcome_was_unknown(sender: MessageSender) -> None:
    sender.mail.after = fail_with(MailOutcomeUnknownError("ReadTimeoutError"))
    assert sender.send().status is MessageStatus.UNKNOWN
    assert len(sender.needing_attention()) == 1
    report(sender, "Delivery")
    assert sender.stored().status is MessageStatus.SENT
    assert sender.needing_attention() == []


def test_a_report_about_another_mail_or_order_changes_nothing(sender: MessageSender) -> None:
    message = sender.send()
    other = ses_event("Bounce", ids_of(message), "0100-another-mail")
    assert sender.record_delivery(reported_mail(other)) is None
    nowhere = ses_event("Bounce", ids_of(message) | {"order_id": "none"}, "0100")
    assert sender.record_delivery(reported_mail(nowhere)) is None
    assert sender.stored() == message


def test_a_bounce_stays_on_the_list_until_a_person_dismisses_it(sender: MessageSender) -> None:
    sender.send()
    report(sender, "Bounce")
    assert sender.needing_attention() == [sender.stored()]
    dismissed = sender.dismiss_delivery(
        sender.backend.caller, sender.order_id, sender.stored().message_id, "Called the parent."
    )
    assert sender.needing_attention() == []
    assert dismissed == sender.stored()
    assert dismissed.delivery is not None
    assert dismissed.delivery.note == "Called the parent."
    report(sender, "Bounce")
    assert sender.needing_attention() == []


# What the preview says before the next message.


def codes(sender: MessageSender) -> list[str]:
    return [each.code for each in sender.preview().notices]


def test_the_preview_says_that_the_last_message_bounced_and_staff_may_still_send(
    sender: MessageSender,
) -> None:
    assert codes(sender) == []
    sender.send()
    report(sender, "Bounce")
    (notice,) = sender.preview().notices
    assert notice.code == "last_message_failed"
    assert "mailbox does not exist" in notice.detail
    assert sender.preview().warnings == []
    sender.backend.clock.ahead = timedelta(seconds=5)
    sender.send("another")
    report(sender, "Delivery", "another")
    assert codes(sender) == []


def test_the_preview_says_that_ses_does_not_send_to_the_address(
    sender: MessageSender, stack: Stack
) -> None:
    stack.aws.mail.put_suppressed_destination(EmailAddress=sender.email, Reason="BOUNCE")
    (notice,) = sender.preview().notices
    assert notice.code == "address_suppressed"
    assert "bounced before" in notice.detail
    assert sender.send().status is MessageStatus.SENT


# A studio whose domain is not verified.


@pytest.fixture
def unverified(backend: Backend, stack: Stack) -> MessageSender:
    sender = MessageSender(backend, stack, fallback_address=FALLBACK.format(backend.run))
    stack.aws.mail.delete_email_identity(EmailIdentity=sender.domain)
    return sender


def test_mail_comes_from_the_fallback_with_answers_to_the_studio(
    unverified: MessageSender, stack: Stack
) -> None:
    fallback = unverified.fallback_address or ""
    stack.aws.mail.create_email_identity(EmailIdentity=fallback.rpartition("@")[2])
    preview = unverified.preview()
    assert preview.warnings == []
    assert [each.code for each in preview.notices] == ["sent_from_fallback"]
    message = unverified.send()
    assert message.from_address == fallback
    assert message.reply_to == f"orders@{unverified.domain}"
    (mail,) = unverified.mails()
    assert mail.sender == f"Test Studio <{fallback}>"
    stack.aws.mail.create_email_identity(EmailIdentity=unverified.domain)
    assert codes(unverified) == []
    assert unverified.send("later").reply_to is None


def test_a_fallback_that_is_not_verified_either_is_said_in_words(
    unverified: MessageSender,
) -> None:
    assert unverified.preview().warnings == ["sending_domain_not_verified"]
    with pytest.raises(SendingDomainError, match="nor is the domain of FallbackSender"):
        unverified.send()
    assert unverified.found() is None


def test_without_a_fallback_the_refusal_says_what_is_missing(
    sender: MessageSender, stack: Stack
) -> None:
    stack.aws.mail.delete_email_identity(EmailIdentity=sender.domain)
    with pytest.raises(SendingDomainError, match="has no FallbackSender"):
        sender.send()
