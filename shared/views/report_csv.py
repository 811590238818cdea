"""The refund report as CSV, for spreadsheets: RFC 4180, in UTF-8 with a byte order mark.

People read it, so amounts are in major units and times in the studio's time zone. Without the
mark, Excel assumes its own code page. https://www.rfc-editor.org/rfc/rfc4180
"""

import csv
import io
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from shared.domain.refund import Resolution
from shared.domain.report import ReportRow
from shared.views.spreadsheet import BYTE_ORDER_MARK, disarmed, local_time, major_units

# The columns have the API's names. The most important columns come first.
COLUMNS = (
    *("settled_at", "requested_at", "failed_at", "order_id", "parent_name", "subject_names"),
    *("currency", "original_amount", "refunded_amount", "rev_share_adjustment_amount"),
    *("stripe_fee_retained_amount", "net_deduction_amount", "tax_refunded_amount"),
    *("processed_by_name", "processed_by", "type", "reason", "status", "source"),
    *("refund_id", "stripe_refund_id"),
    *("dispute_id", "dispute_fee_amount", "pending_reason", "failure_reason", "resolution"),
    *("pending_detail", "failure_detail"),
)


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


def _lines(rows: Iterable[Iterable[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()


def _cell(row: ReportRow, name: str, zone: ZoneInfo) -> str:
    value = getattr(row, name)
    if value is None:
        return ""
    if isinstance(value, Resolution):
        return disarmed(" ".join(filter(None, (value.paid_by, value.reference))))
    if isinstance(value, int):
        return major_units(value, row.currency)
    if name.endswith("_at"):
        return local_time(value, zone)
    return disarmed("; ".join(value) if isinstance(value, tuple) else value)
