"""Addresses are shown as written, and go to the mail service in ASCII."""

import unicodedata
from dataclasses import replace
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.send_message.draft_message import DraftMessage
from shared.domain.errors import NoEmailAddressError, SendingDomainError
from shared.domain.mail_address import (
    UnmailableAddressError,
    ascii_address,
    ascii_domain,
    mail_address,
    unmailable_reason,
)
from shared.domain.message import Message, MessageStatus
from shared.domain.message_template import Template
from shared.gateways.mail import Mail, from_header

from .refund_letters import confirmation, refund_of

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

    from shared.gateways.studios import Studios


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("dana@mail.example", "dana@mail.example"),
        ("Dana.Whitfield+photos@Mail.Example", "Dana.Whitfield+photos@mail.example"),
        ("d.o'neil@sub.mail.example", "d.o'neil@sub.mail.example"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
        (unicodedata.normalize("NFD", "anna@bücher.example"), "anna@xn--bcher-kva.example"),
        ("info@fotostudio-müller.de", "info@xn--fotostudio-mller-uzb.de"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("info@例え.テスト", "info@xn--r8jz45g.xn--zckzah"),
        ("info@例え。テスト", "info@xn--r8jz45g.xn--zckzah"),
        ("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
        # Carriers gave out such addresses, which are valid in quotes.
        ("a..b.@carrier.example", '"a..b."@carrier.example'),
        ('"a..b."@carrier.example', '"a..b."@carrier.example'),
        (".dana@mail.example", '".dana"@mail.example'),
        (f"{'d' * 64}@mail.example", f"{'d' * 64}@mail.example"),
    ],
)
def test_an_address_is_sent_to_in_ascii_and_shown_as_written(written: str, sent: str) -> None:
    assert ascii_address(written) == sent
    assert mail_address(written) == written


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the address has no @"),
        ("dana", "the address has no @"),
        ("dåna@mail.example", "the part before the @ has other letters than a-z"),
        ("dana\u200b@mail.example", "the part before the @ has other letters than a-z"),
        ("@mail.example", "the part before the @ is not part of an address"),
        ("da na@mail.example", "the part before the @ is not part of an address"),
        ("a@b@mail.example", "the part before the @ is not part of an address"),
        ('"a"b"@mail.example', "the part before the @ is not part of an address"),
        (f"{'d' * 65}@mail.example", "the part before the @ has more than 64 characters"),
        (f"{'d' * 62}..@mail.example", "the part before the @ has more than 64 characters"),
        (f"d@{'a.' * 125}example", "the address has more than 254 characters"),
        (f"d@{'a' * 64}.example", "the part after the @ is not a domain"),
        (f"d@{'ü' * 60}.example", "the part after the @ is not a domain"),
        ("dana@", "the part after the @ is not a domain"),
        ("dana@localhost", "the part after the @ is not a domain"),
        ("dana@mail.example.", "the part after the @ is not a domain"),
        ("dana@mail..example", "the part after the @ is not a domain"),
        ("dana@bücher..example", "the part after the @ is not a domain"),
        ("dana@-mail.example", "the part after the @ is not a domain"),
        ("dana@ma_il.example", "the part after the @ is not a domain"),
        ("dana@[192.0.2.1]", "the part after the @ is not a domain"),
        ("dana@[IPv6:2001:db8::1]", "the part after the @ is not a domain"),
        ("dana@192.0.2.1", "the part after the @ is not a domain"),
        ("dana@mail .example", "the part after the @ is not a domain"),
        # An apostrophe that looks like a slash, and a domain that begins with an accent.
        ("dana@pay\u2044mail.example", "the part after the @ is not a domain"),
        ("dana@\u0301mail.example", "the part after the @ is not a domain"),
        ("dana@mail\u200d.example", "the part after the @ is not a domain"),
    ],
)
def test_an_address_that_cannot_get_mail_has_a_plain_reason(text: str, reason: str) -> None:
    assert mail_address(text) is None
    assert (unmailable_reason(text) or "").startswith(reason)


@given(st.text(max_size=40) | st.builds("{}@{}".format, st.text(max_size=70), st.text()))
def test_what_is_sent_to_is_one_line_of_ascii_with_one_domain(text: str) -> None:
    if mail_address(text) is None:
        with pytest.raises(UnmailableAddressError):
            ascii_address(text)
        return
    sent = ascii_address(text)
    assert sent.isascii()
    assert sent.isprintable()
    assert len(sent) <= 254
    local, _, domain = sent.rpartition("@")
    assert 1 <= len(local) <= 64
    assert ascii_domain(domain) == domain
    assert ascii_address(sent) == sent


# The mail service.


class RecordingSes:
    """An SES that takes everything, and remembers what it was asked."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.identities: list[str] = []

    def send_email(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # boto3's own looseness
        self.sent.append(asked)
        return {"MessageId": "ses_1"}

    def get_email_identity(self, **asked: str) -> dict[str, Any]:
        self.identities.append(asked["EmailIdentity"])
        return {"VerifiedForSendingStatus": True}


def mail_to(ses: RecordingSes) -> Mail:
    client = cast("SESV2Client", ses)
    return Mail(client, client)


def test_a_message_goes_to_and_from_domains_in_other_letters() -> None:
    ses = RecordingSes()
    message = Message(
        message_id="msg_1",
        order_id="ord_1",
        studio_id="st_1",
        refund_id="rf_1",
        template=Template.REFUND_CONFIRMATION,
        status=MessageStatus.SENDING,
        from_name="Fotostudio Müller",
        from_address="info@fotostudio-müller.de",
        to_address="anna@bücher.example",
        subject="Your refund",
        text="Hello",
        html="<p>Hello</p>",
        edited=False,
        created_by="owner",
        created_at="2026-10-14T17:04:00.000Z",
        fingerprint="f",
    )
    assert mail_to(ses).send(message) == "ses_1"
    (asked,) = ses.sent
    assert asked["Destination"] == {"ToAddresses": ["anna@xn--bcher-kva.example"]}
    assert asked["FromEmailAddress"].endswith("<info@xn--fotostudio-mller-uzb.de>")
    assert message.to_address == "anna@bücher.example"


@pytest.mark.parametrize(
    ("from_address", "asked"),
    [
        ("info@Lakeside.example", ["lakeside.example"]),
        ("info@fotostudio-müller.de", ["xn--fotostudio-mller-uzb.de"]),
        ("info@not_a_domain", []),
    ],
)
def test_the_service_is_asked_for_the_ascii_form_of_the_studios_domain(
    from_address: str, asked: list[str]
) -> None:
    ses = RecordingSes()
    draft = replace(confirmation(refund_of()), from_address=from_address)
    drafts = DraftMessage(cast("Studios", None), mail_to(ses))
    obstacles = drafts.obstacles(draft)
    assert ses.identities == asked
    assert [type(each) for each in obstacles] == ([] if asked else [SendingDomainError])
    without = drafts.obstacles(replace(draft, to_address=None))
    assert isinstance(without[0], NoEmailAddressError)


@pytest.mark.parametrize("name", ["山" * 200, "L" * 200, "Ж" * 200, "🎓" * 200, "Lakeside"])
def test_a_sender_with_a_long_name_fits_on_a_line_of_mail(name: str) -> None:
    header = from_header(name, f"{'d' * 64}@{'mail.' * 30}example")
    assert len(f"From: {header}") <= 998
    assert header.isascii()
    assert header.endswith("example>")
    decoded = str(make_header(decode_header(header)))
    kept = decoded.partition(" <")[0]
    assert kept == name or (kept.endswith("…") and name.startswith(kept[:-1]) and len(kept) > 20)
