"""The file that each format of the journal has."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.domain.export import ExportForm
from shared.domain.journal import JournalTransaction
from shared.views.journal.beancount import beancount
from shared.views.journal.book import JournalBook
from shared.views.journal.hledger import hledger
from shared.views.journal.quickbooks import quickbooks
from shared.views.journal.xero import xero
from shared.views.spreadsheet import MEDIA_TYPE as CSV

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class JournalFile:
    """A format's file: its media type and its writer.

    ``write`` takes transactions one at a time and yields text for each. So a long journal needs no
    more memory than a short one.
    """

    media_type: str
    write: Callable[[JournalBook, Iterable[JournalTransaction]], Iterator[str]]


FILES: Mapping[ExportForm, JournalFile] = MappingProxyType(
    {
        ExportForm.HLEDGER: JournalFile(_TEXT, hledger),
        ExportForm.BEANCOUNT: JournalFile(_TEXT, beancount),
        ExportForm.QUICKBOOKS: JournalFile(CSV, quickbooks),
        ExportForm.XERO: JournalFile(CSV, xero),
    }
)
