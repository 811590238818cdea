"""The file that each format of the journal has."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.domain.journal import JournalTransaction
from shared.domain.journal_accounts import JournalFormat
from shared.views.journal.beancount import beancount
from shared.views.journal.book import JournalBook
from shared.views.journal.hledger import hledger
from shared.views.journal.quickbooks import quickbooks
from shared.views.journal.xero import xero
from shared.views.spreadsheet import MEDIA_TYPE as CSV

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class JournalFile:
    """A format's file: its media type, the ending of its name, and its writer.

    ``write`` takes transactions one at a time and yields text for each. So a long journal needs no
    more memory than a short one.
    """

    media_type: str
    ending: str
    write: Callable[[JournalBook, Iterable[JournalTransaction]], Iterator[str]]


FILES: Mapping[JournalFormat, JournalFile] = MappingProxyType(
    {
        JournalFormat.HLEDGER: JournalFile(_TEXT, "journal", hledger),
        JournalFormat.BEANCOUNT: JournalFile(_TEXT, "beancount", beancount),
        JournalFormat.QUICKBOOKS: JournalFile(CSV, "csv", quickbooks),
        JournalFormat.XERO: JournalFile(CSV, "csv", xero),
    }
)
