"""What is known of an event of the mail service, without an address."""

from dataclasses import dataclass

from shared.domain.delivery import DeliveryReason, DeliveryReport, DeliveryStatus
from shared.domain.order import OrderKey
from shared.edge.sqs import MalformedMessageError


@dataclass(frozen=True, slots=True)
class ReportedMail:
    """A report about a message of ours. ``sent_at`` is when the mail service took the mail."""

    order: OrderKey
    message_id: str
    ses_message_id: str
    sent_at: str
    report: DeliveryReport

    def to_fields(self) -> dict[str, str]:
        """Return the fields of a parked event, ``MAIL_EVENT_FIELDS``."""
        status, reason = self.report.status, self.report.reason
        return {
            "studio_id": self.order.studio_id,
            "order_id": self.order.order_id,
            "message_id": self.message_id,
            "ses_message_id": self.ses_message_id,
            "sent_at": self.sent_at,
            "report": f"{status}:{reason}" if reason else status,
            "at": self.report.at,
        }

    @classmethod
    def from_fields(cls, fields: dict[str, str]) -> "ReportedMail":
        """Return the event that was parked.

        Raises:
            MalformedMessageError: It has no report that exists.
        """
        status, _, reason = fields["report"].partition(":")
        try:
            report = DeliveryReport(
                DeliveryStatus(status), fields["at"], DeliveryReason(reason) if reason else None
            )
        except ValueError as error:
            raise MalformedMessageError("no such report") from error
        return cls(
            order=OrderKey(fields["studio_id"], fields["order_id"]),
            message_id=fields["message_id"],
            ses_message_id=fields["ses_message_id"],
            sent_at=fields["sent_at"],
            report=report,
        )
