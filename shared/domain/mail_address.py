"""Addresses that mail can be sent to and from.

Amazon SES takes only ASCII. A domain in other letters has an ASCII form (punycode), and the part
before the @ has none:
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html

Other limits: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1
"""

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
# A whole address in its plain form, for a match that is tied to both ends.
PATTERN = rf"{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})+"

_PLAIN_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
# Carriers in Japan gave out addresses such as a..b.@carrier.example. They are valid in quotes.
_LOCAL_WITH_ODD_PERIODS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_QUOTED_LOCAL = re.compile(r'"[!#-\[\]-~]+"')
# The last label of a domain is never a number. That would be an IP address.
_DOMAIN = re.compile(rf"({_LABEL}\.)+(?![0-9]+$){_LABEL}")

_MAX_LOCAL, _MAX_LABEL, _MAX_ADDRESS = 64, 63, 254


class UnmailableAddressError(ValueError):
    """Mail cannot be sent to an address. The message says why, and repeats nothing of it."""


def mail_address(text: str) -> str | None:
    """Return the address as it is written if mail can be sent to it and from it, otherwise None."""
    return text if unmailable_reason(text) is None else None


def unmailable_reason(text: str) -> str | None:
    """Return why mail cannot be sent to an address, in a sentence for people, or None."""
    try:
        ascii_address(text)
    except UnmailableAddressError as error:
        return str(error)
    return None


def ascii_address(text: str) -> str:
    """Return the form of an address that the mail service takes.

    Raises:
        UnmailableAddressError: There is no such form.
    """
    local, at, domain = text.rpartition("@")
    if not at:
        raise UnmailableAddressError("the address has no @")
    address = f"{_ascii_local(local)}@{ascii_domain(domain)}"
    if len(address) > _MAX_ADDRESS:
        raise UnmailableAddressError(f"the address has more than {_MAX_ADDRESS} characters")
    return address


def ascii_domain(domain: str) -> str:
    """Return a domain's ASCII form, in lower case.

    Raises:
        UnmailableAddressError: It is not a domain.
    """
    known = domain.lower() if domain.isascii() else _punycode(domain)
    has_long_label = any(len(label) > _MAX_LABEL for label in known.split("."))
    if has_long_label or _DOMAIN.fullmatch(known) is None:
        raise UnmailableAddressError("the part after the @ is not a domain")
    return known


def _punycode(domain: str) -> str:
    # Few domains need it, and it makes every cold start of a function slower.
    import idna  # noqa: PLC0415

    try:
        # https://www.unicode.org/reports/tr46/
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError as error:
        raise UnmailableAddressError("the part after the @ is not a domain") from error


def _ascii_local(local: str) -> str:
    if not local.isascii():
        raise UnmailableAddressError(
            "the part before the @ has other letters than a-z, which the mail service cannot take"
        )
    if _PLAIN_LOCAL.fullmatch(local) or _QUOTED_LOCAL.fullmatch(local):
        known = local
    elif _LOCAL_WITH_ODD_PERIODS.fullmatch(local):
        known = f'"{local}"'
    else:
        raise UnmailableAddressError("the part before the @ is not part of an address")
    if len(known) > _MAX_LOCAL:
        raise UnmailableAddressError(f"the part before the @ has more than {_MAX_LOCAL} characters")
    return known
