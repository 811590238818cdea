"""Reading cells: amounts, times and numbers, as people and shops write them."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from functions.import_orders.fields import RFC3339
from infra.operate.importing.mapping import Amounts, Dates
from shared.domain.money import minor_unit_digits, share_of

_RFC3339 = re.compile(RFC3339, re.ASCII)
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
# Together they fit into the 28 digits of a Decimal.
_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_DECIMALS = re.compile(r"\d{1,9}", re.ASCII)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,2})?) ?%(?: ?\+ ?(.+))?", re.ASCII)
_YES, _NO = {"true", "yes", "1"}, {"false", "no", "0"}
_WHOLE_BPS = 10_000


class CellError(Exception):
    """A cell cannot be read. The message is a sentence that repeats nothing of the cell."""


def whole_number(text: str) -> int:
    """Return a whole number.

    Raises:
        CellError: It is not one.
    """
    if not _WHOLE.fullmatch(text):
        raise CellError("It must be a whole number, of digits alone.")
    return int(text)


def yes_or_no(text: str) -> bool:
    """Return true for true, yes and 1, and false for false, no and 0.

    Raises:
        CellError: It is none of them.
    """
    word = text.casefold()
    if word not in _YES | _NO:
        raise CellError("It must be true or false.")
    return word in _YES


def amount(text: str, currency: str, amounts: Amounts) -> int:
    """Return an amount in minor units.

    Args:
        text: The cell.
        currency: Its ISO 4217 code in lower case, which says how many decimals there may be.
        amounts: How the file writes amounts.

    Raises:
        CellError: It is not written that way, or has more decimals than its currency.
    """
    if amounts.unit == "minor":
        if not _WHOLE.fullmatch(text):
            raise CellError("It must be a whole number of minor units, such as 1250 for 12.50 USD.")
        return int(text)
    number = _without_currency(text, currency)
    sign, digits = ("-", number[1:]) if number[:1] in {"-", "\N{MINUS SIGN}"} else ("", number)
    major, mark, minor = digits.partition(amounts.decimal)
    whole = _without_groups(major, amounts.thousands)
    if whole is None or (mark and not _DECIMALS.fullmatch(minor)):
        raise CellError(f"It is not an amount such as {_example(amounts)}.")
    exact = Decimal(f"{sign}{whole}.{minor or 0}").scaleb(minor_unit_digits(currency))
    if exact != exact.to_integral_value():
        raise CellError(f"It has more decimals than {currency.upper()} has.")
    return int(exact)


def share_of_total(text: str, total: int, currency: str, amounts: Amounts) -> int:
    """Return a share of an order's total in minor units, rounded half up, at most the total.

    Args:
        text: The share in percent, with or without a fixed amount: ``2.9 % + 0.30``.
        total: The order's total in minor units, not negative.
        currency: The order's currency.
        amounts: How the fixed amount is written.

    Raises:
        CellError: It is not written that way.
    """
    found = _SHARE.fullmatch(text)
    if found is None:
        raise CellError("It must be a share such as `15 %` or `2.9 % + 0.30`.")
    bps = int(Decimal(found[1]) * 100)
    fixed = amount(found[2], currency, amounts) if found[2] else 0
    return min(share_of(total, bps, _WHOLE_BPS) + fixed, total)


def instant(text: str, dates: Dates) -> str:
    """Return a time as RFC 3339 with its offset. RFC 3339 text stays as it is.

    Args:
        text: The cell.
        dates: The format of the file's times, and the zone of those without an offset. A time
            that the clocks show twice means the first one.

    Raises:
        CellError: It is not such a time, its zone is not known, or the clocks skipped it.
    """
    if _RFC3339.fullmatch(text):
        return text
    try:
        if dates.format is None:
            at = datetime.fromisoformat(text)
        else:
            at = datetime.strptime(text, dates.format)  # noqa: DTZ007 - the zone follows
    except ValueError as error:
        expected = dates.format or "2026-11-25T09:00:00Z"
        raise CellError(f"It is not a time such as {expected}.") from error
    if at.tzinfo is None:
        at = _in_zone(at, dates.timezone)
    return at.isoformat()


def _in_zone(at: datetime, zone: str | None) -> datetime:
    if zone is None:
        raise CellError("It has no offset. Name its zone with --timezone, or in the mapping.")
    local = at.replace(tzinfo=ZoneInfo(zone))
    try:
        shown = local.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except OverflowError as error:  # year 1 or 9999, which exports write for "no date"
        raise CellError("It is a date at the end of the calendar, not a real one.") from error
    if shown != at:
        raise CellError(f"The clocks in {zone} skipped this time.")
    return local


def _without_currency(text: str, currency: str) -> str:
    """Return a number without currency symbols, the currency's code and spaces."""
    bare = re.sub(re.escape(currency), "", text, flags=re.IGNORECASE) if currency else text
    return "".join(each for each in bare if unicodedata.category(each) not in {"Sc", "Zs"})


def _without_groups(major: str, thousands: str) -> str | None:
    """Return the digits before the decimal mark, or None if they are not grouped by thousands."""
    # Spaces were taken out with the currency.
    mark = re.escape(thousands.strip())
    if _DIGITS.fullmatch(major):
        return major
    if mark and re.fullmatch(rf"\d{{1,3}}(?:{mark}\d{{3}}){{1,5}}", major, re.ASCII):
        return major.replace(thousands, "")
    return None


def _example(amounts: Amounts) -> str:
    return f"1{amounts.thousands}234{amounts.decimal}50"
