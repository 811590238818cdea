"""The operator command that sets up a studio's sending domain."""

import json
from collections.abc import Callable

import pytest

from infra.operate.mail_domain import dns_records
from tests.integration.backend import Backend
from tests.integration.message_sender import MessageSender
from tests.operate import failure_of, operate

pytestmark = pytest.mark.stack


@pytest.fixture
def domain(sender: MessageSender) -> str:
    """The studio's sending domain, which SES does not know yet."""
    sender.stack.aws.mail.delete_email_identity(EmailIdentity=sender.domain)
    return sender.domain


def test_adding_a_domain_prints_the_records_for_its_owner(
    backend: Backend, domain: str, operated: Callable[..., str]
) -> None:
    name = operated(backend)
    studio = ("--studio", backend.studio_id, "--stack", name)
    assert "SES does not know" in failure_of(operate("mail-domain", "show", *studio))
    for _ in range(2):
        result = operate("mail-domain", "add", *studio)
        assert result.exit_code == 0, result.stderr
    assert domain in result.stdout
    shown = json.loads(operate("mail-domain", "show", *studio, "--json").stdout)
    records = shown["dns_records"]
    assert [each["type"] for each in records] == ["CNAME", "CNAME", "CNAME", "MX", "TXT", "TXT"]
    for each in records[:3]:
        token, _, rest = each["name"].partition(".")
        assert (rest, each["value"]) == (f"_domainkey.{domain}", f"{token}.dkim.amazonses.com")
    assert records[3]["value"] == "10 feedback-smtp.us-east-1.amazonses.com"
    assert {each["name"] for each in records[3:5]} == {f"mail.{domain}"}
    assert shown["domain"] == domain
    assert shown["MAIL FROM"] == "pending"


def test_a_domain_in_other_letters_goes_to_ses_in_ascii(
    backend: Backend, operated: Callable[..., str]
) -> None:
    name = operated(backend)
    result = operate(
        *("mail-domain", "add", "--domain", f"Müller-{backend.run}.example", "--stack", name)
    )
    assert result.exit_code == 0, result.stderr
    assert f"xn--mller-{backend.run}" in result.stdout


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ((), "Name either a studio"),
        (("--studio", "st_1", "--domain", "a.example"), "Name either a studio"),
        (("--studio", "st_nobody"), "There is no studio st_nobody."),
        (("--domain", "not a domain"), "not a domain is not a domain."),
    ],
)
def test_a_domain_that_is_not_there_is_one_readable_line(
    backend: Backend, operated: Callable[..., str], named: tuple[str, ...], said: str
) -> None:
    result = operate("mail-domain", "add", *named, "--stack", operated(backend))
    assert said in failure_of(result)


def test_the_zone_of_the_keys_is_the_one_that_ses_names() -> None:
    identity = {"DkimAttributes": {"Tokens": ["t1"], "SigningHostedZone": "x.dkim.eu.example"}}
    first = next(dns_records("studio.example", identity, "eu-south-2"))
    assert (first.name, first.value) == ("t1._domainkey.studio.example", "t1.x.dkim.eu.example")
