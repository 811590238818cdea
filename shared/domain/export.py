"""What a report can be exported as, what an export covers, and its status."""

from dataclasses import dataclass
from enum import StrEnum


class ExportedReport(StrEnum):
    """The report that a file has: refunds, every ledger entry, a payout's lines, or patterns."""

    REFUNDS = "refunds"
    LEDGER = "ledger"
    STATEMENT = "statement"
    PATTERNS = "patterns"


class ExportStatus(StrEnum):
    """The status of an export."""

    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Export:
    """A report that another function writes. ``url`` is set once it can be downloaded."""

    export_id: str
    status: ExportStatus
    url: str | None = None


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A report that is answered at once, and the name to save it under."""

    name: str
    content: str


class ExportForm(StrEnum):
    """The form of a file: a table, or the double-entry lines of a journal."""

    CSV = "csv"
    XLSX = "xlsx"
    HLEDGER = "hledger"
    BEANCOUNT = "beancount"
    QUICKBOOKS = "quickbooks"
    XERO = "xero"


class AnswerForm(StrEnum):
    """The form of a file that has an answer of the API, which took too long to wait for."""

    JSON = "json"


# The media type of an answer.
ANSWER_TYPE = "application/json"

TABLES = frozenset({ExportForm.CSV, ExportForm.XLSX})
JOURNALS = frozenset(ExportForm) - TABLES

# The end of a file's name, by which programs know what to do with it.
SUFFIXES = {
    ExportForm.CSV: ".csv",
    ExportForm.XLSX: ".xlsx",
    ExportForm.HLEDGER: ".journal",
    ExportForm.BEANCOUNT: ".beancount",
    ExportForm.QUICKBOOKS: "_quickbooks.csv",
    ExportForm.XERO: "_xero.csv",
    AnswerForm.JSON: ".json",
}


class DecimalMark(StrEnum):
    """The mark before an amount's decimals in a CSV file.

    Where people write a decimal comma, their spreadsheet expects semicolons between the columns.
    """

    POINT = "point"
    COMMA = "comma"


@dataclass(frozen=True, slots=True)
class LedgerSelection:
    """The entries that were recorded in a time, up to the ledger's last entry at the request.

    Times are RFC 3339 in UTC with milliseconds; the end is not included. A journal has a
    transaction for each entry, or ``daily_totals``. It leaves out what was paid out before the
    ledger started, unless ``with_openings``.
    """

    studio_id: str
    start: str
    end: str
    upto_seq: int
    daily_totals: bool = False
    with_openings: bool = False


@dataclass(frozen=True, slots=True)
class StatementSelection:
    """The lines of a payout."""

    studio_id: str
    payout_id: str


@dataclass(frozen=True, slots=True)
class PatternsSelection:
    """What refunds are counted by, and on which days of the studio: ``YYYY-MM-DD``, both included.

    ``by`` is a ``By`` of ``shared.domain.attribution``.
    """

    studio_id: str
    by: str
    first: str
    last: str
