"""The mail gateway against the engine's SES, and against an SES that fails in every way."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.utils import parseaddr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.config import Config

from infra.local.mailbox import save_mail, sent_mail
from infra.local.stack import Stack
from shared.domain.errors import (
    BusyError,
    DomainError,
    MailOutcomeUnknownError,
    MessageRefusedError,
    SendingDomainError,
)
from shared.domain.mail_address import ascii_domain
from shared.domain.message import Message, MessageStatus
from shared.domain.message_template import Template
from shared.gateways import aws
from shared.gateways.mail import Mail, Suppression, from_header

pytestmark = pytest.mark.stack


def message(**changes: Any) -> Message:  # noqa: ANN401  # a message's fields
    """Return a message that was not sent yet."""
    values: dict[str, Any] = {
        "message_id": "msg_1",
        "order_id": "ord_1",
        "studio_id": "st_1",
        "refund_id": "rf_1",
        "template": Template.REFUND_CONFIRMATION,
        "status": MessageStatus.SENDING,
        "from_name": "Lakeside, School & Co",
        "from_address": "orders@lakeside.example",
        "to_address": f"{uuid.uuid4().hex}@mail.example",
        "subject": "Tilbakebetaling på 100,00 €: 返金",
        "text": "Hello Žofie,\n\n5-10 business days to appear on your statement\n",
        "html": "<p>Hello Žofie</p>",
        "edited": False,
        "created_by": "owner",
        "created_at": "2026-10-14T17:04:00.000Z",
        "fingerprint": "f",
    }
    return Message(**(values | changes))


# The engine's SES.


@pytest.fixture
def mail(stack: Stack) -> Mail:
    return Mail(stack.aws.mail, stack.aws.mail)


@pytest.fixture
def domain(stack: Stack) -> Iterator[str]:
    """A domain that is verified."""
    name = f"{uuid.uuid4().hex[:10]}.example"
    stack.aws.mail.create_email_identity(EmailIdentity=name)
    yield name
    stack.aws.mail.delete_email_identity(EmailIdentity=name)


def test_a_sent_mail_can_be_read(stack: Stack, mail: Mail, domain: str) -> None:
    written = message(from_address=f"orders@{domain}")
    ses_message_id = mail.send(written)
    (found,) = [
        each for each in sent_mail(stack.aws.endpoint_url) if each.to == [written.to_address]
    ]
    assert found.message_id == ses_message_id
    assert found.sender == f'"Lakeside, School & Co" <orders@{domain}>'
    assert (found.subject, found.text, found.html) == (
        written.subject,
        written.text,
        written.html,
    )


def test_addresses_at_domains_in_other_letters_go_out_in_ascii(stack: Stack, mail: Mail) -> None:
    run = uuid.uuid4().hex[:10]
    domain = ascii_domain(f"fotostudio-müller-{run}.example")
    stack.aws.mail.create_email_identity(EmailIdentity=domain)
    mail.send(
        message(
            to_address=f"anna.{run}@bücher.example",
            from_address=f"info@fotostudio-müller-{run}.example",
        )
    )
    to = [f"anna.{run}@xn--bcher-kva.example"]
    (found,) = [each for each in sent_mail(stack.aws.endpoint_url) if each.to == to]
    assert found.sender.endswith(f"<info@{domain}>")
    stack.aws.mail.delete_email_identity(EmailIdentity=domain)


def test_the_local_mailbox_shows_a_sent_mail(
    stack: Stack,
    mail: Mail,
    domain: str,
    tmp_path: Any,  # noqa: ANN401  # pytest's path
) -> None:
    written = message(from_address=f"orders@{domain}")
    mail.send(written)
    files = save_mail(stack.aws.endpoint_url, tmp_path / "mail")
    texts = [file.read_text() for file in files]
    (mine,) = [text for text in texts if written.to_address in text]
    assert f"orders@{domain}" in mine
    assert all(file.with_suffix(".html").exists() for file in files)


def test_a_domain_is_verified_or_not(mail: Mail, domain: str) -> None:
    assert mail.sends_from(domain)
    assert not mail.sends_from(f"not-{domain}")


def test_the_service_also_refuses_an_unverified_sender(mail: Mail) -> None:
    with pytest.raises(MessageRefusedError) as refused:
        mail.send(message(from_address="orders@nobody.example"))
    assert "MessageRejected" in refused.value.detail
    assert "nobody.example" not in refused.value.detail


# From headers.


@pytest.mark.parametrize(
    "name",
    [
        "Lakeside School Portraits",
        'The "Best" Studio, Inc. <evil@mail.example>',
        "Fjord Sport Foto Ålesund",
        "さくらダンス写真館" * 12,
        "Studio 🎓 \\ Sons",
    ],
)
def test_a_from_header_is_one_line_of_ascii_that_decodes_to_the_name(name: str) -> None:
    header = from_header(name, "orders@studio.example")
    assert header.isascii()
    assert header.isprintable()
    shown, address = parseaddr(header)
    assert address == "orders@studio.example"
    assert str(make_header(decode_header(shown))) == name
    assert all(len(word) <= 75 for word in header.split() if word.startswith("=?"))


@pytest.mark.parametrize("where", ["from_name", "from_address", "to_address", "subject"])
@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x00", "\x85", "\N{LINE SEPARATOR}"])
def test_no_message_has_a_line_break_in_a_header(where: str, break_: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        message(**{where: f"a{break_}Bcc: eve@mail.example"})


# An SES that fails.


@dataclass
class Failing:
    """An SES that gives a scripted answer, and keeps the bodies of its requests.

    After ``times`` answers it takes every mail. ``said`` is the message of its error.
    """

    status: int = 200
    code: str = ""
    said: str = "m"
    times: int | None = None
    body: bytes | None = None
    delay: float = 0.0
    hang_up: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        self.asked.append(handler.rfile.read(length).decode())
        if self.times is not None and len(self.asked) > self.times:
            self.status, self.code, self.body = 200, "", b'{"MessageId": "0100-taken"}'
        time.sleep(self.delay)
        if self.hang_up:
            handler.close_connection = True
            return
        body = self.body if self.body is not None else json.dumps({"message": self.said}).encode()
        handler.send_response(self.status)
        handler.send_header("x-amzn-errortype", self.code)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@contextmanager
def failing_ses(**how: Any) -> Iterator[Failing]:  # noqa: ANN401  # Failing's fields
    failing = Failing(**how)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            failing.answer(self)

        def do_GET(self) -> None:
            failing.answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    failing.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield failing
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def deployed_mail(monkeypatch: pytest.MonkeyPatch) -> Callable[[Failing], Mail]:
    """Return a function that makes the Lambda's gateway on another SES."""

    def make(failing: Failing) -> Mail:
        for name, value in {
            "AWS_ENDPOINT_URL": failing.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }.items():
            monkeypatch.setenv(name, value)
        return Mail(aws.client("sesv2"), aws.mail_client(), "mail-events")

    return make


@pytest.mark.parametrize(
    ("status", "code", "refusal"),
    [
        (400, "MessageRejected", MessageRefusedError),
        (400, "BadRequestException", MessageRefusedError),
        (400, "SendingPausedException", MessageRefusedError),
        (403, "AccessDeniedException", MessageRefusedError),
        (400, "MailFromDomainNotVerifiedException", SendingDomainError),
        (404, "NotFoundException", SendingDomainError),
    ],
)
def test_a_clear_refusal_is_raised_as_its_error(
    deployed_mail: Callable[[Failing], Mail], status: int, code: str, refusal: type[DomainError]
) -> None:
    with failing_ses(status=status, code=code) as failing:
        with pytest.raises(refusal):
            deployed_mail(failing).send(message())
        assert len(failing.asked) == 1


@pytest.mark.parametrize(
    "how",
    [
        {"status": 500, "code": "InternalFailure"},
        {"status": 503, "code": "ServiceUnavailable"},
        {"status": 429, "code": "SomebodyElsesLimit"},
        {"status": 408, "code": "RequestTimeout"},
        {"status": 200, "body": b"<html>not what SES says</html>"},
        {"status": 200, "body": b"{}"},
        {"hang_up": True},
    ],
    ids=str,
)
def test_a_request_with_an_unknown_outcome_is_sent_once(
    deployed_mail: Callable[[Failing], Mail], how: dict[str, Any]
) -> None:
    with failing_ses(**how) as failing:
        with pytest.raises(MailOutcomeUnknownError):
            deployed_mail(failing).send(message())
        assert len(failing.asked) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "TooManyRequestsException"),
        (400, "ThrottlingException"),
        (400, "Throttling"),
    ],
)
def test_while_ses_throttles_the_mail_is_handed_over_again(
    deployed_mail: Callable[[Failing], Mail],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: str,
) -> None:
    monkeypatch.setattr("shared.gateways.mail._TRY_FOR_SECONDS", 0.5)
    with failing_ses(status=status, code=code) as failing:
        with pytest.raises(MessageRefusedError, match="in a minute"):
            deployed_mail(failing).send(message())
        assert len(failing.asked) > 1


def test_a_mail_that_ses_takes_after_throttling_is_sent(
    deployed_mail: Callable[[Failing], Mail],
) -> None:
    with failing_ses(status=429, code="TooManyRequestsException", times=2) as failing:
        assert deployed_mail(failing).send(message()) == "0100-taken"
        assert len(failing.asked) == 3


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (400, "ThrottlingException", "Daily message quota exceeded."),
        (429, "TooManyRequestsException", "Daily sending quota exceeded"),
        (400, "LimitExceededException", "too many"),
    ],
)
def test_a_used_up_daily_quota_is_a_refusal_in_words(
    deployed_mail: Callable[[Failing], Mail], status: int, code: str, said: str
) -> None:
    with failing_ses(status=status, code=code, said=said) as failing:
        with pytest.raises(MessageRefusedError, match="tomorrow"):
            deployed_mail(failing).send(message())
        assert len(failing.asked) == 1


def test_a_mail_carries_our_ids_as_tags_and_no_personal_data(
    deployed_mail: Callable[[Failing], Mail],
) -> None:
    with failing_ses(body=b'{"MessageId": "0100"}') as failing:
        gateway = deployed_mail(failing)
        gateway.send(message(reply_to="info@müller.example"))
    sent = json.loads(failing.asked[0])
    assert {each["Name"]: each["Value"] for each in sent["EmailTags"]} == {
        "studio_id": "st_1",
        "order_id": "ord_1",
        "message_id": "msg_1",
    }
    assert sent["ReplyToAddresses"] == ["info@xn--mller-kva.example"]
    assert sent["ConfigurationSetName"] == "mail-events"


def test_a_verified_domain_is_not_looked_up_again_for_a_while(
    deployed_mail: Callable[[Failing], Mail], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"IdentityType": "DOMAIN", "VerifiedForSendingStatus": True}).encode()
    with failing_ses(body=body) as failing:
        gateway = deployed_mail(failing)
        assert [gateway.sends_from("studio.example") for _ in range(3)] == [True] * 3
        assert len(failing.asked) == 1
    monkeypatch.setattr("shared.gateways.mail._VERIFIED_FOR_SECONDS", 0.0)
    with failing_ses(body=body) as failing:
        gateway = deployed_mail(failing)
        assert [gateway.sends_from("studio.example") for _ in range(3)] == [True] * 3
        assert len(failing.asked) == 3


def test_a_domain_that_ses_refuses_is_looked_up_again(
    deployed_mail: Callable[[Failing], Mail],
) -> None:
    body = json.dumps({"VerifiedForSendingStatus": True}).encode()
    with failing_ses(body=body) as failing:
        gateway = deployed_mail(failing)
        assert gateway.sends_from("studio.example")
        failing.status, failing.code = 400, "MailFromDomainNotVerifiedException"
        with pytest.raises(SendingDomainError):
            gateway.send(message())
        failing.status, failing.body = 200, json.dumps({"VerifiedForSendingStatus": False}).encode()
        assert not gateway.sends_from("studio.example")


def test_a_suppressed_address_is_said_with_its_reason(stack: Stack, mail: Mail) -> None:
    address = f"{uuid.uuid4().hex}@mail.example"
    assert mail.suppression(address) is None
    stack.aws.mail.put_suppressed_destination(EmailAddress=address, Reason="COMPLAINT")
    assert mail.suppression(address) is Suppression.COMPLAINT


def test_a_request_that_times_out_is_sent_once(
    deployed_mail: Callable[[Failing], Mail], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = aws._ONCE  # noqa: SLF001  # the same, with less patience
    monkeypatch.setattr(aws, "_ONCE", patient.merge(Config(read_timeout=0.3)))
    with failing_ses(delay=1.0) as failing:
        with pytest.raises(MailOutcomeUnknownError):
            deployed_mail(failing).send(message())
        time.sleep(0.5)
        assert len(failing.asked) == 1


def test_a_failed_connection_leaves_the_outcome_unknown(
    deployed_mail: Callable[[Failing], Mail],
) -> None:
    with pytest.raises(MailOutcomeUnknownError):
        deployed_mail(Failing(url="http://127.0.0.1:9")).send(message())


def test_a_domain_with_pending_dns_records_is_not_verified(
    deployed_mail: Callable[[Failing], Mail],
) -> None:
    body = json.dumps({"IdentityType": "DOMAIN", "VerifiedForSendingStatus": False}).encode()
    with failing_ses(body=body) as failing:
        assert not deployed_mail(failing).sends_from("studio.example")


@pytest.mark.parametrize(
    "how", [{"status": 500, "code": "x"}, {"status": 429, "code": "TooManyRequestsException"}]
)
def test_a_domain_lookup_is_retried_and_then_says_try_again(
    deployed_mail: Callable[[Failing], Mail], how: dict[str, Any]
) -> None:
    with failing_ses(**how) as failing:
        with pytest.raises(BusyError):
            deployed_mail(failing).sends_from("studio.example")
        assert len(failing.asked) == 4
