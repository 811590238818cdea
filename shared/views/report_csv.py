"""The refund report as CSV, for spreadsheets: RFC 4180, in UTF-8 with a byte order mark.

People read it, so amounts are in major units and times in the studio's time zone. Without the
mark, Excel assumes its own code page. https://www.rfc-editor.org/rfc/rfc4180
"""

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from shared.domain.money import minor_unit_digits
from shared.domain.report import ReportRow

MEDIA_TYPE = "text/csv; charset=utf-8"

# The columns have the API's names. The most important columns come first.
COLUMNS = (
    *("settled_at", "requested_at", "failed_at", "order_id", "parent_name", "subject_names"),
    *("currency", "original_amount", "refunded_amount", "rev_share_adjustment_amount"),
    *("stripe_fee_retained_amount", "net_deduction_amount", "tax_refunded_amount"),
    *("processed_by", "type", "reason", "status", "source", "refund_id", "stripe_refund_id"),
)

BYTE_ORDER_MARK = "\ufeff"

# A cell that begins with one of these is a formula to a spreadsheet. The full-width forms count
# too, and so does a start after a character that could be read as another column separator.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"(?<![^;,|\t])(?=\s*[=+\-@\t\r\n＝＋－＠])")  # noqa: RUF001  # full-width on purpose


def header() -> str:
    """Return the start of the file: the byte order mark and the names of the columns."""
    return BYTE_ORDER_MARK + _lines([COLUMNS])


def lines(rows: Iterable[ReportRow], zone: ZoneInfo) -> str:
    """Return the lines of rows.

    Args:
        rows: Rows with the names of people.
        zone: The studio's time zone.
    """
    return _lines([_cell(row, name, zone) for name in COLUMNS] for row in rows)


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


def _lines(rows: Iterable[Iterable[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()


def _cell(row: ReportRow, name: str, zone: ZoneInfo) -> str:
    value = getattr(row, name)
    if value is None:
        return ""
    if isinstance(value, int):
        return major_units(value, row.currency)
    if name.endswith("_at"):
        return local_time(value, zone)
    return disarmed("; ".join(value) if isinstance(value, tuple) else value)
