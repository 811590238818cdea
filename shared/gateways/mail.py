"""Mail to parents from the studios' own domains, through Amazon SES (API v2).

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

import time
from email.header import Header
from email.utils import formataddr
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from shared.domain.errors import (
    BusyError,
    DomainError,
    MailOutcomeUnknownError,
    MessageRefusedError,
    SendingDomainError,
)
from shared.domain.mail_address import ascii_address
from shared.domain.message import Message
from shared.gateways.conflict import tries

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# An answer that botocore cannot read raises an error that is not a `BotoCoreError`.
_NO_ANSWER = (BotoCoreError, ResponseParserError)

_UNVERIFIED = frozenset({"MailFromDomainNotVerifiedException", "NotFoundException"})

# A line has at most 998 characters: https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1
_MAX_HEADER = 998 - len("From: ")

# SES takes nothing for now. Nothing was sent, so the same mail may be handed over again.
# https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
_THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling"})
_DAILY_QUOTA = "daily"  # "Daily message quota exceeded", "Daily sending quota exceeded"
_TRY_FOR_SECONDS = 3.0

# These codes mean a slow request, whatever the HTTP status is.
_UNDECIDED = frozenset({"RequestTimeout", "RequestTimeoutException"}) | _THROTTLED
_UNDECIDED_STATUS = frozenset({408, 429})
_SERVER_FAULT = 500

# A domain that is verified stays so for months. One that is not is looked up each time.
_VERIFIED_FOR_SECONDS = 300.0


class Suppression(StrEnum):
    """Why SES does not send to an address."""

    BOUNCE = "BOUNCE"
    COMPLAINT = "COMPLAINT"


class _ThrottledError(Exception):
    """SES takes nothing for now. Nothing was sent."""


class Mail:
    """The mail service.

    Args:
        retrying_client: A client that may retry, for questions.
        single_try_client: A client that never retries, for mail. A retry could be a second mail.
        configuration_set: The set whose events say what happened to a mail. None reports nothing.
    """

    def __init__(
        self,
        retrying_client: "SESV2Client",
        single_try_client: "SESV2Client",
        configuration_set: str | None = None,
    ) -> None:
        self._retrying_client = retrying_client
        self._single_try_client = single_try_client
        self._configuration_set = configuration_set
        self._verified_until: dict[str, float] = {}

    def sends_from(self, domain: str) -> bool:
        """Return whether the mail service can send from a domain, given in its ASCII form.

        A verified domain is looked up again after five minutes.

        Raises:
            BusyError: The mail service does not answer.
        """
        now = time.monotonic()
        if self._verified_until.get(domain, now) > now:
            return True
        verified = self._is_verified(domain)
        if verified:
            self._verified_until[domain] = now + _VERIFIED_FOR_SECONDS
        return verified

    def _is_verified(self, domain: str) -> bool:
        try:
            identity = self._retrying_client.get_email_identity(EmailIdentity=domain)
        except ClientError as error:
            if _code(error) in {"NotFoundException", "BadRequestException"}:
                return False
            if _is_undecided(error):
                raise _not_answering() from error
            raise
        except _NO_ANSWER as error:
            raise _not_answering() from error
        return bool(identity.get("VerifiedForSendingStatus"))

    def suppression(self, address: str) -> Suppression | None:
        """Return why SES does not send to an address any more, or None if it does.

        Raises:
            BusyError: The mail service does not answer.
        """
        try:
            answer = self._retrying_client.get_suppressed_destination(
                EmailAddress=ascii_address(address)
            )
        except ClientError as error:
            if _code(error) == "NotFoundException":
                return None
            if _is_undecided(error):
                raise _not_answering() from error
            raise
        except _NO_ANSWER as error:
            raise _not_answering() from error
        return Suppression(answer["SuppressedDestination"]["Reason"])

    def send(self, message: Message) -> str:
        """Send a message once, and return the mail service's id for it.

        The addresses go to the service in their ASCII form. While SES throttles it takes nothing,
        so the message is handed over again for a few seconds.

        Raises:
            SendingDomainError, MessageRefusedError: It was definitively refused. Nothing was sent.
            MailOutcomeUnknownError: It is unknown whether it was sent.
        """
        mail = self._mail(message)
        for _ in tries(_TRY_FOR_SECONDS):
            try:
                return self._hand_over(mail)
            except _ThrottledError:
                continue
            except SendingDomainError:
                self._verified_until.clear()
                raise
        raise MessageRefusedError(
            "The mail service takes no more mail at this moment. Nothing was sent. Send the "
            "message again in a minute, with a new Idempotency-Key."
        )

    def _mail(self, message: Message) -> dict[str, Any]:
        """Return the parameters of a mail. Its tags, our ids, come back with each event."""
        mail: dict[str, Any] = {
            "FromEmailAddress": from_header(message.from_name, ascii_address(message.from_address)),
            "Destination": {"ToAddresses": [ascii_address(message.to_address)]},
            "Content": {
                "Simple": {
                    "Subject": {"Data": message.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": message.text, "Charset": "UTF-8"},
                        "Html": {"Data": message.html, "Charset": "UTF-8"},
                    },
                }
            },
            "EmailTags": [
                {"Name": name, "Value": getattr(message, name)}
                for name in ("studio_id", "order_id", "message_id")
            ],
        }
        if message.reply_to is not None:
            mail["ReplyToAddresses"] = [ascii_address(message.reply_to)]
        if self._configuration_set is not None:
            mail["ConfigurationSetName"] = self._configuration_set
        return mail

    def _hand_over(self, mail: dict[str, Any]) -> str:
        try:
            answer = self._single_try_client.send_email(**mail)
        except ClientError as error:
            if _is_over_quota(error):
                raise _over_quota() from error
            if _code(error) in _THROTTLED:
                raise _ThrottledError from error
            if _is_undecided(error):
                raise MailOutcomeUnknownError(_code(error)) from error
            raise _refusal(_code(error)) from error
        except _NO_ANSWER as error:
            raise MailOutcomeUnknownError(type(error).__name__) from error
        # An answer without an id comes from a proxy, and does not prove that SES took the mail.
        ses_message_id: str | None = answer.get("MessageId")
        if not ses_message_id:
            raise MailOutcomeUnknownError("an answer without an id")
        return ses_message_id


def from_header(name: str, address: str) -> str:
    """Return a From header's value on one line. A name that is not ASCII is encoded (RFC 2047).

    Args:
        name: The sender's name. ``Message`` checks that it has no line breaks. The end of a name
            that is too long for a line is cut off.
        address: The sender's address, in ASCII.
    """
    header = _header(name, address)
    kept = name
    while len(header) > _MAX_HEADER:
        kept = kept[:-1]
        header = _header(f"{kept.rstrip()}…", address)
    return header


def _header(name: str, address: str) -> str:
    if name.isascii():
        return formataddr((name, address))
    # An encoded word has at most 75 characters, so a long name becomes several words.
    return f"{Header(name, 'utf-8', maxlinelen=75).encode(linesep='')} <{address}>"


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _is_undecided(error: ClientError) -> bool:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status >= _SERVER_FAULT or status in _UNDECIDED_STATUS or _code(error) in _UNDECIDED


def _is_over_quota(error: ClientError) -> bool:
    if _code(error) == "LimitExceededException":
        return True
    said = error.response["Error"].get("Message", "")
    return _code(error) in _THROTTLED and _DAILY_QUOTA in said.lower()


def _over_quota() -> MessageRefusedError:
    return MessageRefusedError(
        "PPS has sent as much mail today as its mail service allows. Nothing was sent. Send the "
        "message tomorrow with a new Idempotency-Key, or contact the parent in another way."
    )


def _not_answering() -> BusyError:
    return BusyError("The mail service does not answer. Nothing was sent. Try again in a moment.")


def _refusal(code: str) -> DomainError:
    """Return the refusal for an SES error code. SES's own message could name addresses."""
    if code in _UNVERIFIED:
        return SendingDomainError(
            "The mail service cannot send from the studio's domain. Nothing was sent. Verify the "
            "domain, then send the message with a new Idempotency-Key."
        )
    return MessageRefusedError(
        f"The mail service refused the message ({code}). Nothing was sent. Correct the message and "
        "send it with a new Idempotency-Key, or contact the parent in another way."
    )
