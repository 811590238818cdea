"""Reading an event of Amazon SES, as EventBridge hands it on. Everything else is refused.

An event has addresses in it. What this module returns, and what its errors say, has none.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from functions.mail_events.bounce_reasons import bounce_reason
from functions.mail_events.reported_mail import ReportedMail
from shared.clock import rfc3339
from shared.domain.delivery import DeliveryReason, DeliveryReport, DeliveryStatus
from shared.domain.order import OrderKey
from shared.edge.sqs import MalformedMessageError

_ON_THE_LIST = "OnAccountSuppressionList"

_Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_SesId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,255}$")]
# A tag of one mail has one value.
_Tag = Annotated[list[_Id], Field(min_length=1, max_length=1)]


class _Part(BaseModel):
    """A part of an event. SES may add fields at any time; those that we read are strict."""

    model_config = ConfigDict(strict=True, frozen=True, alias_generator=to_camel)


class _Tags(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    studio_id: _Tag
    order_id: _Tag
    message_id: _Tag


class _Mail(_Part):
    timestamp: AwareDatetime
    message_id: _SesId
    tags: _Tags


class _BouncedRecipient(_Part):
    status: str | None = None


class _Bounce(_Part):
    bounce_type: Literal["Permanent", "Transient", "Undetermined"]
    bounce_sub_type: str
    bounced_recipients: list[_BouncedRecipient]
    timestamp: AwareDatetime


class _Complaint(_Part):
    timestamp: AwareDatetime
    complaint_sub_type: str | None = None


class _Timed(_Part):
    timestamp: AwareDatetime


class _Detail(_Part):
    event_type: Literal[
        "Bounce", "Complaint", "Delivery", "DeliveryDelay", "Reject", "Rendering Failure"
    ]
    mail: _Mail
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None
    delivery: _Timed | None = None
    delivery_delay: _Timed | None = None

    @model_validator(mode="after")
    def _has_its_part(self) -> Self:
        parts = {
            "Bounce": self.bounce,
            "Complaint": self.complaint,
            "Delivery": self.delivery,
            "DeliveryDelay": self.delivery_delay,
        }
        if self.event_type in parts and parts[self.event_type] is None:
            raise ValueError("the part of its type is missing")
        return self


class _Event(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    source: Literal["aws.ses"]
    detail: _Detail


def reported_mail(body: str) -> ReportedMail:
    """Return what an event says about one of our messages.

    Raises:
        MalformedMessageError: It is not an event of SES about a message of ours. The error names
            the field, and repeats nothing of the event.
    """
    try:
        detail = _Event.model_validate_json(body).detail
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)[0]
        # A name in the place of a field could be anything, so only ours are said.
        path = ".".join(str(part) for part in found["loc"] if isinstance(part, str))
        raise MalformedMessageError(f"{path or 'the event'}: {found['type']}") from None
    tags = detail.mail.tags
    return ReportedMail(
        order=OrderKey(tags.studio_id[0], tags.order_id[0]),
        message_id=tags.message_id[0],
        ses_message_id=detail.mail.message_id,
        sent_at=rfc3339(detail.mail.timestamp),
        report=_report(detail),
    )


def _report(detail: _Detail) -> DeliveryReport:
    if detail.bounce is not None:
        return _of_bounce(detail.bounce)
    if detail.complaint is not None:
        return _of_complaint(detail.complaint)
    if detail.delivery is not None:
        return _at(DeliveryStatus.DELIVERED, detail.delivery.timestamp)
    if detail.delivery_delay is not None:
        return _at(DeliveryStatus.DELAYED, detail.delivery_delay.timestamp)
    # A rejection has no time of its own. SES rejects within seconds.
    virus = detail.event_type == "Reject"
    reason = DeliveryReason.VIRUS if virus else DeliveryReason.NOT_RENDERED
    return _at(DeliveryStatus.REJECTED, detail.mail.timestamp, reason)


def _of_bounce(bounce: _Bounce) -> DeliveryReport:
    is_permanent = bounce.bounce_type == "Permanent"
    status = DeliveryStatus.BOUNCED if is_permanent else DeliveryStatus.RETURNED
    codes = (each.status for each in bounce.bounced_recipients)
    code = next((each for each in codes if each), None)
    return _at(status, bounce.timestamp, bounce_reason(bounce.bounce_sub_type, code))


def _of_complaint(complaint: _Complaint) -> DeliveryReport:
    """Return a complaint, or a bounce: SES did not send the mail if the address was on its list."""
    if complaint.complaint_sub_type == _ON_THE_LIST:
        return _at(DeliveryStatus.BOUNCED, complaint.timestamp, DeliveryReason.SUPPRESSED)
    return _at(DeliveryStatus.COMPLAINED, complaint.timestamp)


def _at(
    status: DeliveryStatus, at: datetime, reason: DeliveryReason | None = None
) -> DeliveryReport:
    return DeliveryReport(status, rfc3339(at), reason)
