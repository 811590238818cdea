"""A table as an Excel workbook: real dates and numbers, and ids that stay text.

ISO/IEC 29500, written row by row, so that a large one takes the memory of one row.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

from shared.domain.money import minor_unit_digits
from shared.views.columns import (
    CellKind,
    Column,
    HasCurrency,
    tax_parts_text,
    utc_offset,
)

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_CHUNK_BYTES = 1024 * 1024
# Widths in characters. People see all of an amount or a time, and enough of an id.
_WIDTHS = {
    CellKind.TEXT: 22,
    CellKind.COUNT: 8,
    CellKind.AMOUNT: 14,
    CellKind.TAX_PARTS: 30,
    CellKind.LOCAL_TIME: 20,
    CellKind.UTC_TIME: 20,
    CellKind.UTC_OFFSET: 10,
}
_TIME_FORMAT = "yyyy-mm-dd hh:mm:ss"


def workbook_chunks[Row: HasCurrency](
    title: str, columns: Sequence[Column[Row]], rows: Iterable[Row], zone: ZoneInfo
) -> Iterator[bytes]:
    """Yield the bytes of a workbook with one sheet, after all rows were read.

    Args:
        title: The sheet's name.
        columns: The columns, in order.
        rows: The rows.
        zone: The studio's time zone.
    """
    with tempfile.TemporaryFile() as file:
        # Each row is written to disk at once. A cell never becomes a formula or a link by its text.
        book = Workbook(
            file,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        time_format = book.add_format({"num_format": _TIME_FORMAT})
        _Sheet(book, book.add_worksheet(title), zone, time_format).write(columns, rows)
        book.close()
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


@dataclass(frozen=True, slots=True)
class _Sheet:
    book: Workbook
    sheet: "Worksheet"
    zone: ZoneInfo
    time_format: "Format"
    amount_formats: "dict[str, Format]" = field(default_factory=dict)

    def write[Row: HasCurrency](self, columns: Sequence[Column[Row]], rows: Iterable[Row]) -> None:
        self._head([(column.name, column.kind) for column in columns])
        last = 0
        for last, row in enumerate(rows, 1):
            for place, column in enumerate(columns):
                value = column.read(row)
                if value is not None:
                    self._write_cell((last, place), column.kind, value, row.currency)
        self.sheet.autofilter(0, 0, last, len(columns) - 1)

    def _head(self, columns: Iterable[tuple[str, CellKind]]) -> None:
        bold = self.book.add_format({"bold": True, "bottom": 1})
        self.sheet.freeze_panes(1, 0)
        for place, (name, kind) in enumerate(columns):
            self.sheet.set_column(place, place, max(_WIDTHS[kind], len(name) + 2))
            self.sheet.write_string(0, place, name, bold)

    def _write_cell(
        self, at: tuple[int, int], kind: CellKind, value: str | int, currency: str
    ) -> None:
        match kind:
            case CellKind.AMOUNT:
                amount = Fraction(int(value), 10 ** minor_unit_digits(currency))
                self.sheet.write_number(*at, amount, self._amount_format(currency))
            case CellKind.COUNT:
                self.sheet.write_number(*at, int(value))
            case CellKind.LOCAL_TIME:
                self.sheet.write_datetime(*at, _time(str(value), self.zone), self.time_format)
            case CellKind.UTC_TIME:
                self.sheet.write_datetime(*at, _time(str(value), UTC), self.time_format)
            case CellKind.UTC_OFFSET:
                self.sheet.write_string(*at, utc_offset(str(value), self.zone))
            case CellKind.TAX_PARTS:
                self.sheet.write_string(*at, tax_parts_text(str(value), currency))
            case CellKind.TEXT:
                self.sheet.write_string(*at, str(value))

    def _amount_format(self, currency: str) -> "Format":
        if currency not in self.amount_formats:
            digits = minor_unit_digits(currency)
            decimals = f".{'0' * digits}" if digits else ""
            number_format = {"num_format": f"#,##0{decimals}"}
            self.amount_formats[currency] = self.book.add_format(number_format)
        return self.amount_formats[currency]


def _time(value: str, zone: tzinfo) -> datetime:
    """Return a time without its zone, as spreadsheets have it."""
    at = datetime.fromisoformat(value).astimezone(zone)
    return at.replace(tzinfo=None, microsecond=0)
