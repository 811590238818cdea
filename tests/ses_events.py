"""SES's events as EventBridge hands them on, in the form that AWS documents.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html
"""

import json
from collections.abc import Mapping
from typing import Any

RECIPIENT = "wilhelmina.recipient@mail.example"
SENT_AT = "2026-11-20T10:00:02.012Z"
REPORTED_AT = "2026-11-20T10:00:07.669Z"

_TYPES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Bounce": (
        "Email Bounced",
        "bounce",
        {
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {
                    "emailAddress": RECIPIENT,
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": f"smtp; 550 5.1.1 <{RECIPIENT}> user unknown",
                }
            ],
            "timestamp": REPORTED_AT,
            "reportingMTA": "dsn; mta.example.com",
        },
    ),
    "Complaint": (
        "Email Complaint Received",
        "complaint",
        {
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
            "complaintSubType": None,
            "complainedRecipients": [{"emailAddress": RECIPIENT}],
            "timestamp": REPORTED_AT,
            "userAgent": "Amazon SES Mailbox Simulator",
            "complaintFeedbackType": "abuse",
            "arrivalDate": REPORTED_AT,
        },
    ),
    "Delivery": (
        "Email Delivered",
        "delivery",
        {
            "timestamp": REPORTED_AT,
            "processingTimeMillis": 5657,
            "recipients": [RECIPIENT],
            "smtpResponse": "250 2.6.0 Message received",
            "remoteMtaIp": "127.0.2.0",
            "reportingMTA": "mta.example.com",
        },
    ),
    "DeliveryDelay": (
        "Email Delivery Delayed",
        "deliveryDelay",
        {
            "timestamp": REPORTED_AT,
            "delayType": "MailboxFull",
            "expirationTime": "2026-11-20T22:00:02.012Z",
            "delayedRecipients": [
                {"emailAddress": RECIPIENT, "status": "4.2.2", "diagnosticCode": "smtp; 452 full"}
            ],
        },
    ),
    "Reject": ("Email Rejected", "reject", {"reason": "Bad content"}),
    "Rendering Failure": (
        "Email Rendering Failed",
        "failure",
        {"templateName": "none", "errorMessage": "Attribute 'name' is not present"},
    ),
}
TYPES = tuple(_TYPES)


def ses_event_values(
    kind: str, ids: Mapping[str, str], ses_message_id: str = "0100-ses-id", **changes: object
) -> dict[str, Any]:
    """Return an event as a value, with changes to the part that its type has.

    Args:
        kind: The event's type, such as ``Bounce``.
        ids: The tags of the mail: ``studio_id``, ``order_id`` and ``message_id``.
        ses_message_id: SES's id of the mail.
        changes: Fields of the part.
    """
    name, part, fields = _TYPES[kind]
    return {
        "version": "0",
        "id": "12345678-1234-1234-1234-111122223333",
        "detail-type": name,
        "source": "aws.ses",
        "account": "111122223333",
        "time": REPORTED_AT,
        "region": "us-east-1",
        "resources": ["arn:aws:ses:us-east-1:111122223333:configuration-set/mail"],
        "detail": {
            "eventType": kind,
            "mail": {
                "timestamp": SENT_AT,
                "source": "Lakeside School Portraits <orders@lakesideportraits.example>",
                "sourceArn": "arn:aws:ses:us-east-1:111122223333:identity/lakeside.example",
                "sendingAccountId": "111122223333",
                "messageId": ses_message_id,
                "destination": [RECIPIENT],
                "headersTruncated": False,
                "headers": [{"name": "To", "value": RECIPIENT}],
                "commonHeaders": {"to": [RECIPIENT], "subject": "Your refund of $25.00"},
                "tags": {
                    "ses:configuration-set": ["mail"],
                    "ses:source-ip": ["192.0.2.0"],
                    **{name: [value] for name, value in ids.items()},
                },
            },
            part: fields | changes,
        },
    }


def ses_event(
    kind: str, ids: Mapping[str, str], ses_message_id: str = "0100-ses-id", **changes: object
) -> str:
    """Return an event as the text of a queue's message. See ``ses_event_values``."""
    return json.dumps(ses_event_values(kind, ids, ses_message_id, **changes))
