"""The mail that the local engine received. It stays on this machine and can be read here."""

import functools
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
from shared.domain.mail_address import ascii_domain

# The engine lists the mail sent through SES here.
_MESSAGES = "/_ministack/ses/messages"


@dataclass(frozen=True)
class SentMail:
    """A sent mail. The sender is the readable form of the header."""

    message_id: str
    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    sent_at: datetime

    def as_message(self) -> EmailMessage:
        """Return the mail as a mail server would send it."""
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = self.sender, ", ".join(self.to)
        mail["Subject"] = self.subject
        mail["Date"] = format_datetime(self.sent_at)
        mail["Message-ID"] = f"<{self.message_id}>"
        mail.set_content(self.text)
        mail.add_alternative(self.html, subtype="html")
        return mail


def verify_sending_domains(aws: Aws, studios: Iterable[Mapping[str, Any]]) -> list[str]:
    """Register each studio's sending domain with SES and return the domains.

    The engine verifies a domain at once.
    """
    domains = sorted(
        {ascii_domain(studio["from_address"].rpartition("@")[2]) for studio in studios}
    )
    for domain in domains:
        aws.mail.create_email_identity(EmailIdentity=domain)
    return domains


def sent_mail(endpoint_url: str) -> list[SentMail]:
    """Return the mail that the engine at an address received, oldest first."""
    answer = _client().get(f"{endpoint_url}{_MESSAGES}")
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


@functools.cache
def _client() -> httpx.Client:
    return httpx.Client(timeout=30, trust_env=False)


def save_mail(endpoint_url: str, directory: Path) -> list[Path]:
    """Save each mail twice: as .eml for a mail program and as .html for a browser.

    Args:
        endpoint_url: The engine's address.
        directory: The folder to write to. Its earlier content is deleted.

    Returns:
        The .eml files, oldest first. Each .html file is beside its .eml file.
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
