"""The mail that the local engine has taken: nothing leaves this machine, and all can be read."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx

from infra.local.engine import Aws

# Where the engine shows what was sent through SES.
_MESSAGES = "/_ministack/ses/messages"


@dataclass(frozen=True)
class SentMail:
    """A mail that was sent; the sender as people read it."""

    message_id: str
    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    sent_at: datetime

    def as_message(self) -> EmailMessage:
        """Return it as it would have gone out."""
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = self.sender, ", ".join(self.to)
        mail["Subject"] = self.subject
        mail["Date"] = format_datetime(self.sent_at)
        mail["Message-ID"] = f"<{self.message_id}>"
        mail.set_content(self.text)
        mail.add_alternative(self.html, subtype="html")
        return mail


def verify_sending_domains(aws: Aws, studios: Iterable[Mapping[str, Any]]) -> list[str]:
    """Make each studio's sending domain an identity of SES; the engine verifies it at once.

    Returns:
        The domains.
    """
    domains = sorted({studio["from_address"].rpartition("@")[2].lower() for studio in studios})
    for domain in domains:
        aws.mail.create_email_identity(EmailIdentity=domain)
    return domains


def sent_mail(endpoint_url: str) -> list[SentMail]:
    """Return what the engine at an address has sent, oldest first."""
    answer = httpx.get(f"{endpoint_url}{_MESSAGES}", timeout=30, trust_env=False)
    messages = answer.raise_for_status().json()["messages"]
    found = [
        SentMail(
            message_id=each["MessageId"],
            sender=str(make_header(decode_header(each["Source"]))),
            to=each["To"],
            subject=each["Subject"],
            text=each["BodyText"],
            html=each["BodyHtml"] or "",
            sent_at=datetime.fromtimestamp(each["Timestamp"], UTC),
        )
        for of_account in messages.values()
        for each in of_account
    ]
    return sorted(found, key=lambda mail: mail.sent_at)


def save_mail(endpoint_url: str, directory: Path) -> list[Path]:
    """Write what was sent into a folder: for a mail program (.eml), and for a browser (.html).

    Args:
        endpoint_url: Where the engine is.
        directory: The folder; what it held before is gone.

    Returns:
        The .eml files, oldest first; each has its .html beside it.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    written = []
    for number, mail in enumerate(sent_mail(endpoint_url), start=1):
        file = directory / f"{number:03d}.eml"
        file.write_bytes(mail.as_message().as_bytes())
        file.with_suffix(".html").write_text(mail.html, encoding="utf-8")
        written.append(file)
    return written
