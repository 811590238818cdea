"""Mail to parents, through Amazon SES (API v2), from the studios' own domains.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from email.header import Header
from email.utils import formataddr
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from shared.domain.errors import (
    BusyError,
    DomainError,
    MailOutcomeUnknownError,
    MessageRefusedError,
    SendingDomainError,
)
from shared.domain.message import Message

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# botocore raises neither of its own kinds for an answer that it cannot read.
_NO_ANSWER = (BotoCoreError, ResponseParserError)

_UNVERIFIED = frozenset({"MailFromDomainNotVerifiedException", "NotFoundException"})

# Said before the mail is looked at, by whatever status: too much at once, or too slowly asked.
_UNDECIDED = frozenset(
    {"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestTimeout"}
    | {"RequestTimeoutException"}
)
_UNDECIDED_STATUS = frozenset({408, 429})
_SERVER_FAULT = 500


class Mail:
    """The mail service.

    Args:
        asking: A client that may ask again after a failure.
        sending: One that calls once: a second call would be a second mail.
    """

    def __init__(self, asking: "SESV2Client", sending: "SESV2Client") -> None:
        self._asking = asking
        self._sending = sending

    def sends_from(self, domain: str) -> bool:
        """Ask whether mail can come from a domain.

        Raises:
            BusyError: The mail service does not answer.
        """
        try:
            identity = self._asking.get_email_identity(EmailIdentity=domain)
        except ClientError as error:
            if _code(error) in {"NotFoundException", "BadRequestException"}:
                return False
            if _is_undecided(error):
                raise _not_answering() from error
            raise
        except _NO_ANSWER as error:
            raise _not_answering() from error
        return bool(identity.get("VerifiedForSendingStatus"))

    def send(self, message: Message) -> str:
        """Send a message, once, and return the id that the mail service gave it.

        Raises:
            SendingDomainError, MessageRefusedError: It was surely refused; nothing was sent.
            MailOutcomeUnknownError: Nobody can know whether it was sent.
        """
        try:
            answer = self._sending.send_email(
                FromEmailAddress=from_header(message.from_name, message.from_address),
                Destination={"ToAddresses": [message.to_address]},
                Content={
                    "Simple": {
                        "Subject": {"Data": message.subject, "Charset": "UTF-8"},
                        "Body": {
                            "Text": {"Data": message.text, "Charset": "UTF-8"},
                            "Html": {"Data": message.html, "Charset": "UTF-8"},
                        },
                    }
                },
            )
        except ClientError as error:
            if _is_undecided(error):
                raise MailOutcomeUnknownError(_code(error)) from error
            raise _refusal(_code(error)) from error
        except _NO_ANSWER as error:
            raise MailOutcomeUnknownError(type(error).__name__) from error
        # An answer that an endpoint in between has made has no id, and says nothing of a mail.
        ses_message_id: str | None = answer.get("MessageId")
        if not ses_message_id:
            raise MailOutcomeUnknownError("an answer without an id")
        return ses_message_id


def from_header(name: str, address: str) -> str:
    """Return a From header's value on one line, a name that is not ASCII encoded (RFC 2047).

    Args:
        name: The sender's name; without line breaks, as ``Message`` makes sure.
        address: The sender's address.
    """
    if name.isascii():
        return formataddr((name, address))
    # Encoded words are at most 75 characters long, a long name is several of them.
    return f"{Header(name, 'utf-8', maxlinelen=75).encode(linesep='')} <{address}>"


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _is_undecided(error: ClientError) -> bool:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status >= _SERVER_FAULT or status in _UNDECIDED_STATUS or _code(error) in _UNDECIDED


def _not_answering() -> BusyError:
    return BusyError("The mail service does not answer; nothing was sent. Try again in a moment.")


def _refusal(code: str) -> DomainError:
    """Say what was refused, by SES's code: its own words name addresses."""
    if code in _UNVERIFIED:
        return SendingDomainError(
            "The mail service does not send from the studio's domain; nothing was sent. Verify the "
            "domain, then send the message with a new Idempotency-Key."
        )
    return MessageRefusedError(
        f"The mail service refused the message ({code}); nothing was sent. Put it right and send "
        "the message with a new Idempotency-Key, or write to the parent in another way."
    )
