"""Texts, amounts and times in the form in which spreadsheets read them."""

import re
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from shared.domain.money import minor_unit_digits

MEDIA_TYPE = "text/csv; charset=utf-8"

# Without it, Excel assumes its own code page.
BYTE_ORDER_MARK = "\ufeff"

# A cell that begins with one of these is a formula to a spreadsheet. The full-width forms count
# too, and so does a start after a character that could be read as another column separator.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"(?<![^;,|\t])(?=\s*[=+\-@\t\r\n＝＋－＠])")  # noqa: RUF001  # full-width on purpose


def disarmed(text: str) -> str:
    """Return a text that a spreadsheet does not run as a formula. An apostrophe comes before it.

    A formula in a parent's name could send the bookkeeper's other cells to a stranger.
    """
    return _FORMULA.sub("'", text)


def major_units(amount: int, currency: str) -> str:
    """Return an amount in the currency's major unit: 1050 cents are ``10.50``, 1050 yen ``1050``.

    Args:
        amount: In minor units. It may be negative.
        currency: ISO 4217, in lower case.
    """
    return str(Decimal(amount).scaleb(-minor_unit_digits(currency)))


def local_time(at: str, zone: ZoneInfo) -> str:
    """Return a time as spreadsheets read it: local, to the second, without an offset.

    Args:
        at: RFC 3339.
        zone: The studio's time zone.
    """
    local = datetime.fromisoformat(at).astimezone(zone)
    return local.replace(tzinfo=None).isoformat(" ", "seconds")
