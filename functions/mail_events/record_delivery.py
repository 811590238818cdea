"""Recording what happened to a message, on the message and so in its order's timeline."""

from dataclasses import dataclass

from functions.mail_events.reported_mail import ReportedMail
from shared.domain.message import Message
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.messages import Messages

_CONTENTION_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class RecordDelivery:
    """Records the mail service's reports. They come in any order, and more than once."""

    messages: Messages

    def __call__(self, event: ReportedMail) -> Message | None:
        """Record a report and return the message. A repeat changes nothing.

        None means that the report is about no message that is here: its order was erased, or it is
        about another mail than the one that the message became.

        Raises:
            StaleStateError: Others keep changing the message. SQS delivers the report again.
        """
        for _ in tries(_CONTENTION_SECONDS):
            message = self.messages.get(event.order, event.message_id)
            if message is None or _is_of_another_mail(message, event):
                return None
            reported = message.reported(event.report, event.ses_message_id, event.sent_at)
            if reported == message:
                return message
            try:
                return self.messages.record_outcome(reported)
            except StaleStateError:
                continue
        raise StaleStateError


def _is_of_another_mail(message: Message, event: ReportedMail) -> bool:
    return message.ses_message_id not in {None, event.ses_message_id}
