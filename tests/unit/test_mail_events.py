"""SES's events are read strictly, and their reports add up in any order."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.mail_events.bounce_reasons import bounce_reason
from functions.mail_events.reported_mail import ReportedMail
from functions.mail_events.ses_event import reported_mail
from shared.domain.delivery import (
    DeliveryReason,
    DeliveryReport,
    DeliveryStatus,
    Reports,
    decisive,
    with_report,
)
from shared.domain.errors import DeliveryNotFailedError
from shared.domain.message import Message, MessageStatus
from shared.domain.message_template import Template
from shared.edge.sqs import MalformedMessageError
from shared.gateways.queues import MAIL_EVENT_FIELDS
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.message import message_from_values, message_to_item
from tests.ses_events import RECIPIENT, REPORTED_AT, SENT_AT, TYPES, ses_event, ses_event_values

IDS = {"studio_id": "st_1", "order_id": "ord_1", "message_id": "msg_1"}

reports = st.builds(
    DeliveryReport,
    st.sampled_from(DeliveryStatus),
    st.sampled_from([f"2026-11-20T10:00:0{second}.000Z" for second in range(5)]),
    st.none() | st.sampled_from(DeliveryReason),
)


def message(**changes: Any) -> Message:  # noqa: ANN401  # a message's fields
    values: dict[str, Any] = {
        **IDS,
        "refund_id": "rf_1",
        "template": Template.REFUND_CONFIRMATION,
        "status": MessageStatus.SENDING,
        "from_name": "Studio",
        "from_address": "orders@studio.example",
        "to_address": RECIPIENT,
        "subject": "Your refund",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "edited": False,
        "created_by": "owner",
        "created_at": "2026-11-20T10:00:00.000Z",
        "fingerprint": "f",
    }
    return Message(**(values | changes))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("Delivery", "delivered"),
        ("DeliveryDelay", "delayed: the mail service keeps trying"),
        ("Bounce", "bounced: mailbox does not exist"),
        ("Complaint", "the parent marked it as spam"),
        ("Reject", "rejected: the mail service found a virus in it"),
        ("Rendering Failure", "rejected: the mail service could not write the message"),
    ],
)
def test_each_documented_event_is_read_and_said_in_plain_words(kind: str, words: str) -> None:
    mail = reported_mail(ses_event(kind, IDS, "0100-id"))
    assert mail.report.detail == words
    assert (mail.order.studio_id, mail.order.order_id, mail.message_id) == tuple(IDS.values())
    assert (mail.ses_message_id, mail.sent_at) == ("0100-id", SENT_AT)
    assert mail.report.at in {REPORTED_AT, SENT_AT}
    assert RECIPIENT not in repr(mail)


def test_every_documented_type_is_tested() -> None:
    assert set(TYPES) == {
        *("Bounce", "Complaint", "Delivery", "DeliveryDelay", "Reject", "Rendering Failure")
    }


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"bounceType": "Transient", "bounceSubType": "MailboxFull"}, "returned", "mailbox_full"),
        ({"bounceType": "Undetermined", "bounceSubType": "Undetermined"}, "returned", "no_mailbox"),
        ({"bounceSubType": "OnAccountSuppressionList"}, "bounced", "suppressed"),
        ({"bouncedRecipients": [{"emailAddress": RECIPIENT}]}, "bounced", None),
        ({"bouncedRecipients": []}, "bounced", None),
        ({"bouncedRecipients": [{"status": "5.1.2"}]}, "bounced", "no_domain"),
        ({"bouncedRecipients": [{"status": "garbage"}]}, "bounced", None),
        ({"bounceSubType": "SomethingNew"}, "bounced", "no_mailbox"),
    ],
)
def test_a_bounce_is_for_good_only_if_ses_says_so(
    changes: dict[str, Any], status: str, reason: str | None
) -> None:
    report = reported_mail(ses_event("Bounce", IDS, **changes)).report
    assert (report.status, report.reason) == (status, reason)


def test_a_complaint_about_a_mail_that_ses_did_not_send_is_a_bounce() -> None:
    event = ses_event("Complaint", IDS, complaintSubType="OnAccountSuppressionList")
    report = reported_mail(event).report
    assert (report.status, report.reason) == (DeliveryStatus.BOUNCED, DeliveryReason.SUPPRESSED)


def changed(path: str, value: object) -> str:
    """Return a bounce in which one value is another, or missing if it is the ellipsis."""
    event = ses_event_values("Bounce", IDS)
    *parents, last = path.split(".")
    inner = event
    for parent in parents:
        inner = inner[parent]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(event)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        "null",
        "[" * 100_000,
        changed("source", "aws.s3"),
        changed("detail", None),
        changed("detail.eventType", "Send"),
        changed("detail.eventType", "Delivery"),
        changed("detail.bounce", ...),
        changed("detail.bounce.bounceType", "Perhaps"),
        changed("detail.bounce.timestamp", "yesterday"),
        changed("detail.bounce.timestamp", 7),
        changed("detail.mail.timestamp", "2026-11-20T10:00:02"),
        changed("detail.mail.messageId", ""),
        changed("detail.mail.messageId", f"to {RECIPIENT}"),
        changed("detail.mail.tags", {}),
        changed("detail.mail.tags.studio_id", []),
        changed("detail.mail.tags.studio_id", ["st_1", "st_2"]),
        changed("detail.mail.tags.studio_id", "st_1"),
        changed("detail.mail.tags.order_id", ["1#ORDER#2"]),
        changed("detail.mail.tags.message_id", [RECIPIENT]),
    ],
)
def test_anything_else_is_refused_and_nothing_of_it_is_repeated(body: str) -> None:
    with pytest.raises(MalformedMessageError) as refused:
        reported_mail(body)
    assert RECIPIENT not in str(refused.value)
    assert "yesterday" not in str(refused.value)


@given(st.text())
def test_whatever_an_event_holds_it_is_refused(body: str) -> None:
    with pytest.raises(MalformedMessageError):
        reported_mail(body)


@given(reports)
def test_a_parked_event_is_the_same_when_it_is_sent_back(report: DeliveryReport) -> None:
    mail = reported_mail(ses_event("Delivery", IDS))
    parked = ReportedMail(mail.order, mail.message_id, "0100", SENT_AT, report)
    fields = json.loads(json.dumps(parked.to_fields()))
    assert tuple(fields) == MAIL_EVENT_FIELDS
    assert ReportedMail.from_fields(fields) == parked


def test_a_parked_event_with_an_unknown_report_is_refused() -> None:
    fields = reported_mail(ses_event("Delivery", IDS)).to_fields()
    for report in ("flew_away", "bounced:no_reason"):
        with pytest.raises(MalformedMessageError):
            ReportedMail.from_fields(fields | {"report": report})


def test_a_status_code_counts_without_its_first_digit() -> None:
    assert bounce_reason("General", "4.2.2") is DeliveryReason.MAILBOX_FULL
    assert bounce_reason("General", " 5.1.1 ") is DeliveryReason.NO_MAILBOX
    assert bounce_reason("General", "550 5.1.1") is None
    assert bounce_reason("General", None) is None


@given(st.lists(reports, max_size=8), st.randoms())
def test_reports_in_any_order_and_number_give_the_same_record(
    said: list[DeliveryReport], chance: Random
) -> None:
    def recorded(in_order: list[DeliveryReport]) -> Message:
        known = message()
        for each in in_order:
            known = known.reported(each, "0100", SENT_AT)
        return known

    again = said * 2
    chance.shuffle(again)
    assert recorded(again) == recorded(said)


@given(st.lists(reports, max_size=8))
def test_a_message_with_reports_comes_back_as_it_was_stored(said: list[DeliveryReport]) -> None:
    known = message(reply_to="studio@studio.example")
    for each in said:
        known = known.reported(each, "0100", SENT_AT)
    if known.reports_to_see:
        known = known.dismissed("staff", "2026-11-21T00:00:00.000Z", "Called")
    assert message_from_values(unmarshal(message_to_item(known))) == known


def test_a_report_proves_that_a_message_with_an_unknown_outcome_was_sent() -> None:
    report = DeliveryReport(DeliveryStatus.DELIVERED, REPORTED_AT)
    known = message(status=MessageStatus.UNKNOWN).reported(report, "0100", SENT_AT)
    assert (known.status, known.ses_message_id, known.sent_at) == ("sent", "0100", SENT_AT)
    assert known.lost() == known


def test_a_bounce_needs_attention_until_it_is_dismissed_and_a_later_complaint_again() -> None:
    bounce = DeliveryReport(DeliveryStatus.BOUNCED, REPORTED_AT, DeliveryReason.NO_MAILBOX)
    known = message().reported(bounce, "0100", SENT_AT)
    assert "attention_pk" in message_to_item(known)
    dismissed = known.dismissed("staff", "2026-11-21T00:00:00.000Z", None)
    assert "attention_pk" not in message_to_item(dismissed)
    assert dismissed.dismissed("other", "2026-11-22T00:00:00.000Z", "again") == dismissed
    assert dismissed.reported(bounce, "0100", SENT_AT) == dismissed
    complaint = DeliveryReport(DeliveryStatus.COMPLAINED, REPORTED_AT)
    assert dismissed.reported(complaint, "0100", SENT_AT).reports_to_see == (complaint,)


@pytest.mark.parametrize("status", ["delayed", "delivered", "returned"])
def test_what_may_still_arrive_is_not_dismissed(status: str) -> None:
    known = message().reported(DeliveryReport(DeliveryStatus(status), SENT_AT), "0100", SENT_AT)
    assert "attention_pk" not in message_to_item(known)
    with pytest.raises(DeliveryNotFailedError):
        known.dismissed("staff", SENT_AT, None)


def test_what_went_wrong_counts_for_more_than_what_went_well() -> None:
    said: Reports = ()
    for status in ("delivered", "complained", "delayed"):
        said = with_report(said, DeliveryReport(DeliveryStatus(status), SENT_AT))
    found = decisive(said)
    assert found is not None
    assert found.status is DeliveryStatus.COMPLAINED
    assert decisive(()) is None
