"""``mail-domain``: sets up the domain that a studio's messages to parents come from.

https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html
https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from botocore.exceptions import ClientError

from infra.failure import Failure
from infra.operate.options import AsJson, StackName
from infra.operate.output import print_json, print_line, print_table
from infra.operate.stack import OperatedStack, find_stack
from shared.domain.mail_address import UnmailableAddressError, ascii_domain
from shared.gateways.studios import Studios

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

app = typer.Typer(
    help="Set up the domain that a studio's messages come from.", rich_markup_mode=None
)

OfStudio = Annotated[
    str | None,
    typer.Option("--studio", metavar="ID", help="The studio whose sending domain it is."),
]
Domain = Annotated[
    str | None,
    typer.Option(
        "--domain", metavar="NAME", help="Another domain, such as the one of FallbackSender."
    ),
]

# A subdomain of its own, because its MX record must point to SES.
_MAIL_FROM = "mail"
_DKIM_ZONE = "dkim.amazonses.com"


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A record that the owner of a domain creates, and what it is for."""

    type: str
    name: str
    value: str
    purpose: str


@app.command()
def add(
    studio: OfStudio = None,
    domain: Domain = None,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Register a sending domain with SES, and print the DNS records for its owner.

    SES verifies the domain by itself once the records are there. A repeat changes nothing.
    """
    operated = find_stack(stack)
    name = _domain(operated, studio, domain)
    ses = operated.aws.mail
    try:
        ses.create_email_identity(
            EmailIdentity=name,
            DkimSigningAttributes={"NextSigningKeyLength": "RSA_2048_BIT"},
            ConfigurationSetName=operated.output("MailConfigurationSetName"),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
    # Without its MX record, mail comes from a domain of SES until the record is there.
    ses.put_email_identity_mail_from_attributes(
        EmailIdentity=name,
        MailFromDomain=f"{_MAIL_FROM}.{name}",
        BehaviorOnMxFailure="USE_DEFAULT_VALUE",
    )
    _print(operated, name, as_json=as_json)


@app.command()
def show(
    studio: OfStudio = None,
    domain: Domain = None,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show whether SES may send from a domain, and the DNS records that it needs."""
    operated = find_stack(stack)
    _print(operated, _domain(operated, studio, domain), as_json=as_json)


def _domain(stack: OperatedStack, studio_id: str | None, domain: str | None) -> str:
    """Return the domain in its ASCII form.

    Raises:
        Failure: Not exactly one of the two is named, or it names no domain.
    """
    table = stack.output("OrdersTableName")
    if (studio_id is None) == (domain is None):
        raise Failure("Name either a studio with --studio or a domain with --domain.")
    if studio_id is not None:
        found = Studios(stack.aws.dynamodb, table).get(studio_id)
        if found is None:
            raise Failure(f"There is no studio {studio_id}.")
        domain = found.from_address.rpartition("@")[2]
    try:
        return ascii_domain(domain or "")
    except UnmailableAddressError as error:
        raise Failure(f"{domain} is not a domain.") from error


def _print(stack: OperatedStack, domain: str, *, as_json: bool) -> None:
    identity = _identity(stack.aws.mail, domain)
    status = _status(domain, identity)
    records = list(dns_records(domain, identity, str(stack.aws.session.region_name)))
    if as_json:
        fields = ("type", "name", "value", "purpose")
        rows = [{name: getattr(each, name) for name in fields} for each in records]
        print_json(status | {"dns_records": rows})
        return
    print_table(("what", "status"), status.items())
    print_line(f"\nThe owner of {domain} creates these records:\n")
    print_table(
        ("type", "name", "value", "purpose"),
        ((each.type, each.name, each.value, each.purpose) for each in records),
    )


def _identity(ses: "SESV2Client", domain: str) -> Any:  # noqa: ANN401  # SES's answer
    try:
        return ses.get_email_identity(EmailIdentity=domain)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        raise Failure(f"SES does not know {domain}. Register it with `mail-domain add`.") from error


def _status(domain: str, identity: Any) -> dict[str, str]:  # noqa: ANN401  # SES's answer
    mail_from = identity.get("MailFromAttributes", {})
    return {
        "domain": domain,
        "may send": "yes" if identity.get("VerifiedForSendingStatus") else "not yet",
        "DKIM": identity.get("DkimAttributes", {}).get("Status", "unknown").lower(),
        "MAIL FROM": mail_from.get("MailFromDomainStatus", "not set").lower(),
    }


def dns_records(domain: str, identity: Any, region: str) -> Iterator[DnsRecord]:  # noqa: ANN401  # SES's answer
    """Yield the records with which a domain lets SES send.

    Args:
        domain: The domain, in ASCII.
        identity: SES's answer about the identity.
        region: The AWS region, which receives the bounces.
    """
    dkim = identity.get("DkimAttributes", {})
    zone = dkim.get("SigningHostedZone", _DKIM_ZONE)
    for token in dkim.get("Tokens", []):
        yield DnsRecord(
            "CNAME", f"{token}._domainkey.{domain}", f"{token}.{zone}", "signs the mail (DKIM)"
        )
    mail_from = identity.get("MailFromAttributes", {}).get("MailFromDomain")
    if mail_from:
        server = f"10 feedback-smtp.{region}.amazonses.com"
        yield DnsRecord("MX", mail_from, server, "receives what bounces")
        spf = '"v=spf1 include:amazonses.com ~all"'
        yield DnsRecord("TXT", mail_from, spf, "names who may send (SPF)")
    dmarc = '"v=DMARC1; p=none;"'
    yield DnsRecord("TXT", f"_dmarc.{domain}", dmarc, "DMARC, unless the domain has one")
