"""Tables for spreadsheets: the columns of a file, and its rows as CSV.

CSV is in UTF-8 with a byte order mark, because without it Excel assumes its own code page. Amounts
are in major units. Where the decimal mark is a comma, semicolons separate the columns: that is what
spreadsheets read there.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from shared.clock import rfc3339
from shared.domain.export import DecimalMark
from shared.domain.tax import parts_of_text
from shared.views.csv_rows import csv_rows
from shared.views.spreadsheet import BYTE_ORDER_MARK, disarmed, local_time, major_units


class CellKind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    COUNT = "count"
    # An amount in minor units of the row's currency.
    AMOUNT = "amount"
    # The parts of a tax, as the ledger writes them.
    TAX_PARTS = "tax parts"
    # A time, RFC 3339 in UTC: shown in the studio's zone, in UTC, or as the zone's offset then.
    LOCAL_TIME = "local time"
    UTC_TIME = "UTC time"
    UTC_OFFSET = "UTC offset"


class HasCurrency(Protocol):
    """A row whose amounts are in one currency."""

    @property
    def currency(self) -> str:
        """ISO 4217, in lower case."""


type Value = str | int | None


@dataclass(frozen=True, slots=True)
class Column[Row: HasCurrency]:
    """A column: its name in the first line, and how its cells are read from rows."""

    name: str
    kind: CellKind
    read: Callable[[Row], Value]


@dataclass(frozen=True, slots=True)
class ColumnsOf[Row: HasCurrency]:
    """Makes columns that have the names of attributes of a row, or of a part such as its order.

    ``part`` returns the part, or None. Then the cells are empty.
    """

    part: Callable[[Row], object | None]

    def __call__(self, name: str, kind: CellKind = CellKind.TEXT) -> Column[Row]:
        """Return the column of an attribute."""

        def read(row: Row) -> Value:
            part = self.part(row)
            value: Value = None if part is None else getattr(part, name)
            return value

        return Column(name, kind, read)


def csv_header[Row: HasCurrency](
    columns: Sequence[Column[Row]], mark: DecimalMark = DecimalMark.POINT
) -> str:
    """Return the start of a file: the byte order mark and the names of the columns."""
    return BYTE_ORDER_MARK + _lines([[column.name for column in columns]], mark)


def csv_lines[Row: HasCurrency](
    columns: Sequence[Column[Row]],
    rows: Iterable[Row],
    zone: ZoneInfo,
    mark: DecimalMark = DecimalMark.POINT,
) -> str:
    """Return the lines of rows.

    Args:
        columns: The columns, in order.
        rows: The rows.
        zone: The studio's time zone.
        mark: The decimal mark.
    """
    return _lines(([_cell(column, row, zone, mark) for column in columns] for row in rows), mark)


def tax_parts_text(value: str, currency: str, mark: DecimalMark = DecimalMark.POINT) -> str:
    """Return the parts of a tax in major units: ``US-IL 6.25% 0.63; US-IL Cook 1.75% 0.17``.

    Args:
        value: The parts, as the ledger writes them.
        currency: ISO 4217, in lower case.
        mark: The decimal mark.
    """

    def marked(number: str) -> str:
        return number if mark is DecimalMark.POINT else number.replace(".", ",")

    return "; ".join(
        f"{part.jurisdiction} {marked(part.rate)}% {marked(major_units(part.amount, currency))}"
        for part in parts_of_text(value)
    )


def utc_offset(at: str, zone: ZoneInfo) -> str:
    """Return a zone's offset from UTC at a time, as ``UTC+01:00``.

    Without the letters it would begin like a formula.

    Args:
        at: RFC 3339.
        zone: The studio's time zone.
    """
    return f"UTC{datetime.fromisoformat(at).astimezone(zone).isoformat()[-6:]}"


def _lines(rows: Iterable[Iterable[str]], mark: DecimalMark) -> str:
    return csv_rows(rows, "," if mark is DecimalMark.POINT else ";")


def _cell[Row: HasCurrency](
    column: Column[Row], row: Row, zone: ZoneInfo, mark: DecimalMark
) -> str:
    value = column.read(row)
    if value is None:
        return ""
    match column.kind:
        case CellKind.AMOUNT:
            amount = major_units(int(value), row.currency)
            text = amount if mark is DecimalMark.POINT else amount.replace(".", ",")
        case CellKind.LOCAL_TIME:
            text = local_time(str(value), zone)
        case CellKind.UTC_TIME:
            text = rfc3339(datetime.fromisoformat(str(value)))
        case CellKind.UTC_OFFSET:
            text = utc_offset(str(value), zone)
        case CellKind.TEXT:
            text = disarmed(str(value))
        case CellKind.TAX_PARTS:
            text = disarmed(tax_parts_text(str(value), row.currency, mark))
        case CellKind.COUNT:
            text = str(value)
    return text
