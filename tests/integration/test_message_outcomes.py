"""Messages after a crash or a lost answer: never sent again, and a person says the outcome."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.errors import (
    MailOutcomeUnknownError,
    MessageNotFoundError,
    MessageOutcomeKnownError,
)
from shared.domain.message import Message, MessageOutcome, MessageStatus
from shared.gateways.conflict import StaleStateError
from tests.at_once import race
from tests.integration.crash import CrashError
from tests.integration.message_sender import MessageSender, crash, fail_with

pytestmark = pytest.mark.stack


# Crashes and lost answers.


def test_after_a_crash_before_the_mail_the_outcome_is_unknown_and_nothing_is_sent(
    sender: MessageSender,
) -> None:
    sender.mail.before = crash
    with pytest.raises(CrashError):
        sender.send()
    assert_unknown_and_never_sent_again(sender, mails=0)


def test_after_a_crash_behind_the_mail_the_outcome_is_unknown_and_nothing_is_sent_again(
    sender: MessageSender,
) -> None:
    sender.mail.after = crash
    with pytest.raises(CrashError):
        sender.send()
    assert_unknown_and_never_sent_again(sender, mails=1)


def assert_unknown_and_never_sent_again(sender: MessageSender, mails: int) -> None:
    sender.mail.before = sender.mail.after = lambda: None
    assert sender.stored().status is MessageStatus.SENDING
    assert sender.shown() is MessageStatus.SENDING
    assert sender.needing_attention() == [sender.stored()]
    sender.backend.clock.ahead = timedelta(seconds=61)
    assert sender.shown() is MessageStatus.UNKNOWN
    assert sender.send() == sender.stored()
    assert sender.mail.calls == 1
    assert len(sender.mails()) == mails


@pytest.mark.parametrize("after", [False, True])
def test_a_message_without_an_answer_is_unknown_at_once(
    sender: MessageSender, *, after: bool
) -> None:
    silent = fail_with(MailOutcomeUnknownError("ReadTimeoutError"))
    if after:
        sender.mail.after = silent
    else:
        sender.mail.before = silent
    assert sender.send().status is MessageStatus.UNKNOWN
    assert sender.shown() is MessageStatus.UNKNOWN
    assert len(sender.needing_attention()) == 1
    assert sender.send() == sender.stored()
    assert sender.mail.calls == 1
    assert len(sender.mails()) == after


def test_an_outcome_that_cannot_be_recorded_is_still_answered(
    sender: MessageSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(_: Message) -> Message:
        raise StaleStateError

    monkeypatch.setattr(sender.messages, "record_outcome", stale)
    monkeypatch.setattr("functions.send_message.send_message._OUTCOME_SECONDS", 0.1)
    assert sender.send().status is MessageStatus.SENT
    sender.backend.clock.ahead = timedelta(seconds=61)
    assert sender.shown() is MessageStatus.UNKNOWN
    assert len(sender.mails()) == 1


# A person records the outcome.


@pytest.fixture
def unknown(sender: MessageSender) -> Message:
    sender.mail.before = fail_with(MailOutcomeUnknownError("ReadTimeoutError"))
    message = sender.send()
    sender.mail.before = lambda: None
    return message


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (MessageOutcome.RECEIVED, MessageStatus.SENT),
        (MessageOutcome.NOT_RECEIVED, MessageStatus.FAILED),
    ],
)
def test_a_person_records_whether_the_message_arrived(
    sender: MessageSender, unknown: Message, outcome: MessageOutcome, status: MessageStatus
) -> None:
    resolved = sender.resolve(unknown, outcome)
    assert (resolved.status, resolved.outcome) == (status, outcome)
    assert resolved.resolved_by == "tester"
    assert resolved.resolved_at is not None
    assert sender.stored() == resolved
    assert sender.needing_attention() == []
    assert sender.mails() == []
    assert sender.send() == resolved
    assert sender.mails() == []


def test_a_message_left_by_a_crash_can_be_resolved_after_a_minute_and_not_before(
    sender: MessageSender,
) -> None:
    sender.mail.after = crash
    with pytest.raises(CrashError):
        sender.send()
    with pytest.raises(MessageOutcomeKnownError):
        sender.resolve(sender.stored(), MessageOutcome.RECEIVED)
    sender.backend.clock.ahead = timedelta(seconds=61)
    assert sender.resolve(sender.stored(), MessageOutcome.RECEIVED).status is MessageStatus.SENT


def test_recording_the_same_outcome_again_changes_nothing(
    sender: MessageSender, unknown: Message
) -> None:
    first = sender.resolve(unknown, MessageOutcome.RECEIVED)
    assert sender.resolve(unknown, MessageOutcome.RECEIVED) == first
    with pytest.raises(MessageOutcomeKnownError):
        sender.resolve(unknown, MessageOutcome.NOT_RECEIVED)


def test_of_two_concurrent_outcomes_one_is_recorded(
    sender: MessageSender, unknown: Message
) -> None:
    outcomes = list(MessageOutcome)
    answers = race(2, lambda number: sender.resolve(unknown, outcomes[number]))
    assert Counter(map(type, answers)) == {Message: 1, MessageOutcomeKnownError: 1}
    assert sender.stored() in answers


def test_a_message_with_a_known_outcome_cannot_be_resolved(sender: MessageSender) -> None:
    with pytest.raises(MessageOutcomeKnownError):
        sender.resolve(sender.send(), MessageOutcome.NOT_RECEIVED)
    assert sender.stored().status is MessageStatus.SENT


def test_a_message_that_does_not_exist_cannot_be_resolved(sender: MessageSender) -> None:
    with pytest.raises(MessageNotFoundError):
        sender.resolve(replace(sender.send(), message_id="msg_nothing"), MessageOutcome.RECEIVED)
