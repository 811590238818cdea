"""Lambda on the mail event queue: records what happened to messages to parents.

SES's events reach the queue through EventBridge, and the queue's policy lets nobody else send. So
an event is trusted for where it comes from. It has addresses in it, which go nowhere: neither into
the log nor into the dead-letter queue.
"""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.mail_events.record_delivery import RecordDelivery
from functions.mail_events.reported_mail import ReportedMail
from functions.mail_events.ses_event import reported_mail
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.edge.sqs import (
    BatchAnswer,
    MalformedMessageError,
    QueueMessage,
    dead_letter_failures,
    message_from,
    messages_of,
    process_each,
)
from shared.gateways import aws
from shared.gateways.messages import Messages
from shared.gateways.queues import MAIL_EVENT_FIELDS, ParkedMessages

record_delivery = RecordDelivery(Messages(aws.client("dynamodb"), setting("ORDERS_TABLE")))
parked = ParkedMessages(aws.client("sqs"), setting("MAIL_EVENT_DLQ_URL"))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> BatchAnswer:  # noqa: ARG001  # Lambda's signature
    """Record a batch, and report the events that failed, so that SQS delivers them again."""
    return process_each(messages_of(event), record_report)


def record_report(event: QueueMessage) -> None:
    """Record what an event says, or park the event without its addresses."""
    with dead_letter_failures(event, parked, MalformedMessageError, parked_body=_without_addresses):
        mail = _read(event.body)
        message = record_delivery(mail)
        status = mail.report.status
        count("MailEventUnmatched" if message is None else f"Message{status.capitalize()}")
        logger.info(
            "mail event",
            order_id=mail.order.order_id,
            studio_id=mail.order.studio_id,
            message_id=mail.message_id,
            status=status,
            reason=mail.report.reason,
            matched=message is not None,
        )


def _read(body: str) -> ReportedMail:
    """Return what an event of SES says, or one that was parked and is sent back.

    Raises:
        MalformedMessageError: It is neither.
    """
    try:
        fields = message_from(body, *MAIL_EVENT_FIELDS)
    except MalformedMessageError:
        return reported_mail(body)
    return ReportedMail.from_fields(fields)


def _without_addresses(event: QueueMessage) -> str:
    try:
        return json.dumps(_read(event.body).to_fields())
    except MalformedMessageError:
        return "{}"
