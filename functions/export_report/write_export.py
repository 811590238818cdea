"""Writing a large report to a file, a page of rows at a time."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import batched
from typing import Any
from zoneinfo import ZoneInfo

from functions.export_report import ledger_columns, workbook
from functions.export_report.ledger_rows import LedgerRows
from shared.domain.attribution import By
from shared.domain.export import (
    ANSWER_TYPE,
    TABLES,
    DecimalMark,
    ExportedReport,
    ExportForm,
    LedgerSelection,
    StatementSelection,
)
from shared.domain.journal import journal_of
from shared.domain.journal_accounts import parse_accounts
from shared.domain.journal_totals import daily_totals
from shared.domain.ledger import LedgerEntry
from shared.domain.local_days import LocalDays
from shared.domain.payout import Payout
from shared.domain.report import ReportState, Selection
from shared.domain.report_filter import ReportFilter
from shared.domain.studio import Studio
from shared.gateways.exports import ExportedFile, ExportFiles, ExportRequest
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.studios import Studios
from shared.views import report_columns, spreadsheet, statement_columns
from shared.views.columns import Column, HasCurrency, csv_header, csv_lines
from shared.views.journal.book import JournalBook
from shared.views.journal.files import FILES as JOURNALS
from shared.workflow.find_patterns import FindPatterns
from shared.workflow.refund_rows import RefundRows
from shared.workflow.statement_rows import StatementRows

# How many rows are read and formatted at once: less than DynamoDB's page of 1 MB.
_ROWS_AT_ONCE = 1_000


class CannotExportError(Exception):
    """No retry can write the export."""


class NothingToExportError(CannotExportError):
    """The message names no known studio or payout, or no valid selection."""


class OutOfTimeError(CannotExportError):
    """The report has more rows than the function can read in its time."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A table or a journal that a message requests."""

    selection: Selection | LedgerSelection | StatementSelection
    form: ExportForm
    mark: DecimalMark


@dataclass(frozen=True, slots=True)
class _WantedPatterns:
    """Patterns that a message requests, on days of the studio, both included."""

    by: By
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class WriteExport:
    """Writes the report that a message requests. A repeat writes the same rows again."""

    studios: Studios
    refunds: RefundRows
    ledger: LedgerRows
    payouts: PayoutsTable
    statement: StatementRows
    patterns: FindPatterns
    files: ExportFiles

    def __call__(self, request: ExportRequest, *, time_is_up: Callable[[], bool]) -> int:
        """Write the file and return how many rows were read for it.

        Rows are read, formatted and uploaded a page at a time, so a report of any length takes the
        same memory. A failure is recorded, so that the client learns of it.

        Args:
            request: The message.
            time_is_up: Whether to stop, so that the failure can still be recorded.

        Raises:
            NothingToExportError: The message can never work.
            OutOfTimeError: The time is up.
        """
        try:
            return self._write(request, _Count(time_is_up))
        except Exception:
            self.files.mark_failed(request.studio_id, request.export_id)
            raise

    def _write(self, request: ExportRequest, counted: "_Count") -> int:
        studio = self.studios.get(request.studio_id)
        if studio is None:
            raise NothingToExportError(f"there is no studio {request.studio_id}")
        wanted = _wanted(request)
        if isinstance(wanted, _WantedPatterns):
            media_type, chunks = ANSWER_TYPE, self._answer(wanted, studio, counted)
        else:
            media_type, chunks = _MEDIA_TYPES[wanted.form], self._chunks(wanted, studio, counted)
        file = ExportedFile(request.studio_id, request.export_id, request.file_name, media_type)
        self.files.write(file, chunks)
        return counted.rows

    def _chunks(self, wanted: _Wanted, studio: Studio, counted: "_Count") -> Iterator[bytes]:
        selection = wanted.selection
        if isinstance(selection, Selection):
            refunds = self.refunds.rows(selection, None, page_size=_ROWS_AT_ONCE)
            named = self.refunds.with_names(studio.studio_id, counted.each(refunds))
            return _table("Refunds", report_columns.COLUMNS, named, studio.zone, wanted)
        if isinstance(selection, StatementSelection):
            lines = counted.each(self.statement(self._payout(selection)))
            return _table("Payout", statement_columns.COLUMNS, lines, studio.zone, wanted)
        if wanted.form in TABLES:
            rows = counted.each(self.ledger.rows(selection))
            return _table("Ledger", ledger_columns.COLUMNS, rows, studio.zone, wanted)
        return _journal(counted.each(self.ledger.entries(selection)), selection, wanted, studio)

    def _answer(
        self, wanted: _WantedPatterns, studio: Studio, counted: "_Count"
    ) -> Iterator[bytes]:
        # Pydantic is slow to import, and no other report needs it.
        from shared.views.patterns import patterns_view  # noqa: PLC0415  # rarely needed

        days = LocalDays(wanted.first, wanted.last, studio.zone)
        found = self.patterns(studio, wanted.by, days, counted.each)
        yield patterns_view(found).model_dump_json(by_alias=True).encode()

    def _payout(self, selection: StatementSelection) -> Payout:
        payout = self.payouts.get(selection.studio_id, selection.payout_id)
        if payout is None:
            raise NothingToExportError(f"there is no payout {selection.payout_id}")
        return payout


_MEDIA_TYPES = {
    ExportForm.CSV: spreadsheet.MEDIA_TYPE,
    ExportForm.XLSX: workbook.MEDIA_TYPE,
} | {form: file.media_type for form, file in JOURNALS.items()}


@dataclass(slots=True)
class _Count:
    """How many rows have been read, until the time is up."""

    time_is_up: Callable[[], bool]
    rows: int = 0

    def each[Row](self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows, and count them.

        Raises:
            OutOfTimeError: The time is up.
        """
        for row in rows:
            if self.rows % _ROWS_AT_ONCE == 0 and self.time_is_up():
                raise OutOfTimeError(f"the time was up after {self.rows} rows")
            self.rows += 1
            yield row


def _table[Row: HasCurrency](
    title: str,
    columns: Sequence[Column[Row]],
    rows: Iterable[Row],
    zone: ZoneInfo,
    wanted: _Wanted,
) -> Iterator[bytes]:
    if wanted.form is ExportForm.XLSX:
        return workbook.workbook_chunks(title, columns, rows, zone)
    return csv_chunks(columns, rows, zone, wanted.mark)


def _journal(
    entries: Iterable[LedgerEntry], selection: LedgerSelection, wanted: _Wanted, studio: Studio
) -> Iterator[bytes]:
    accounts = parse_accounts(studio.journal_accounts.get(wanted.form, {}), wanted.form)
    book = JournalBook(studio.name, studio.currency, accounts)
    transactions = journal_of(entries, studio.zone, with_openings=selection.with_openings)
    if selection.daily_totals:
        transactions = daily_totals(transactions)
    lines = JOURNALS[wanted.form].write(book, transactions)
    return ("".join(batch).encode() for batch in batched(lines, _ROWS_AT_ONCE, strict=False))


def csv_chunks[Row: HasCurrency](
    columns: Sequence[Column[Row]],
    rows: Iterable[Row],
    zone: ZoneInfo,
    mark: DecimalMark = DecimalMark.POINT,
) -> Iterator[bytes]:
    """Yield a CSV file's bytes while rows are read."""
    yield csv_header(columns, mark).encode()
    for batch in batched(rows, _ROWS_AT_ONCE, strict=False):
        yield csv_lines(columns, batch, zone, mark).encode()


def _wanted(request: ExportRequest) -> _Wanted | _WantedPatterns:
    try:
        report, values = ExportedReport(request.report), json.loads(request.selection)
        if values["studio_id"] != request.studio_id:
            raise NothingToExportError("the message selects another studio's report")
        if report is ExportedReport.PATTERNS:
            return _WantedPatterns(
                By(values["by"]),
                date.fromisoformat(values["first"]),
                date.fromisoformat(values["last"]),
            )
        form, mark = ExportForm(request.form), DecimalMark(request.decimal_mark)
        selection = _selection(report, values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NothingToExportError("the message selects nothing") from error
    if report is not ExportedReport.LEDGER and form not in TABLES:
        raise NothingToExportError("only the ledger can be a journal")
    return _Wanted(selection, form, mark)


def _selection(
    report: ExportedReport, values: dict[str, Any]
) -> Selection | LedgerSelection | StatementSelection:
    match report:
        case ExportedReport.LEDGER:
            return LedgerSelection(**values)
        case ExportedReport.STATEMENT:
            return StatementSelection(**values)
        case _:
            state, only = ReportState(values["state"]), ReportFilter(**values["only"])
            return Selection(**values | {"state": state, "only": only})
