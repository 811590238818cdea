"""The fields of the import format: ids, amounts, times, currencies, time zones and addresses."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from shared.domain.limits import LARGEST_AMOUNT
from shared.domain.local_days import EARLIEST, LATEST
from shared.domain.mail_address import unmailable_reason
from shared.domain.money import SUPPORTED_CURRENCIES
from shared.edge.bodies import in_the_form, one_visible_line, refused

# https://www.rfc-editor.org/rfc/rfc3339#section-5.6, with an offset
RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)"

# A zone without a place, for machines that were never set up.
_NO_PLACE = "Factory"


def _a_supported_currency(currency: str) -> str:
    if currency not in SUPPORTED_CURRENCIES:
        raise refused("unsupported_currency: refunds are not possible in this currency")
    return currency


def _a_time_of_an_order(text: str) -> str:
    try:
        day = datetime.fromisoformat(text).astimezone(UTC).date()
    except (ValueError, OverflowError) as error:
        raise refused("no such date and time") from error
    if not EARLIEST <= day <= LATEST:
        raise refused(f"must be between {EARLIEST} and {LATEST}")
    return text


@cache
def _time_zones() -> frozenset[str]:
    """Return the names of the packaged zones. A host's own files differ, also in case."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return frozenset(listed) - {_NO_PLACE}


def _a_known_zone(name: str) -> str:
    if name not in _time_zones():
        raise refused("not an IANA time zone, such as America/Chicago")
    return name


def _a_tax_rate(text: str) -> str:
    """Return a rate in percent without leading and trailing zeros."""
    if Decimal(text) > 100:  # noqa: PLR2004  # percent
        raise refused("must be at most 100 percent")
    rate = f"{Decimal(text):f}"
    return rate.rstrip("0").rstrip(".") if "." in rate else rate


def _mailable(address: str) -> str:
    reason = unmailable_reason(address)
    if reason is not None:
        raise refused(reason)
    return address


# Ids become parts of keys, so they cannot hold the keys' separator.
Id = Annotated[
    str, in_the_form(r"[A-Za-z0-9_-]{1,64}", "must have 1 to 64 letters a-z, digits, - and _")
]
StripeId = Annotated[
    str, in_the_form(r"[A-Za-z0-9_]{1,255}", "must be an id from Stripe, such as ch_1Abc")
]
Time = Annotated[
    str,
    in_the_form(RFC3339, "must be a time with its offset, such as 2026-09-20T17:10:00Z"),
    AfterValidator(_a_time_of_an_order),
]
TaxRate = Annotated[
    str,
    in_the_form(
        r"[0-9]{1,3}(\.[0-9]{1,6})?",
        "must be a percentage with at most 6 decimals, such as 6.25",
    ),
    AfterValidator(_a_tax_rate),
]
Zone = Annotated[str, AfterValidator(_a_known_zone)]
# The common form of https://www.rfc-editor.org/rfc/rfc5646: language, script and region.
Locale = Annotated[
    str,
    in_the_form(
        r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?",
        "must be a language with its region, such as en-US or nb-NO",
    ),
]
Currency = Annotated[str, AfterValidator(_a_supported_currency)]
# What a currency allows may be less: see ``too_large``.
Amount = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]
Email = Annotated[
    str,
    StringConstraints(min_length=1, max_length=320),
    one_visible_line("addresses"),
    in_the_form(r"[^@\s]+@[^@\s]+", "must be one address, such as name@school.example"),
]
# A studio writes from it, so mail must be possible. A parent's address may be otherwise.
SendingAddress = Annotated[Email, AfterValidator(_mailable)]
