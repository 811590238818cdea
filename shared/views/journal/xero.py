"""The journal as Xero imports manual journals, with the columns of Xero's template.

https://central.xero.com/s/article/Add-import-and-post-manual-journals
https://help.xero.com/nz/ManualJournalsImport
"""

from collections.abc import Iterable, Iterator

from shared.domain.journal import JournalTransaction
from shared.views.csv_rows import csv_rows
from shared.views.journal.book import JournalBook
from shared.views.spreadsheet import disarmed

# The asterisks are part of the names in Xero's template, and mark what is required.
COLUMNS = ("*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount")


def xero(book: JournalBook, transactions: Iterable[JournalTransaction]) -> Iterator[str]:
    """Yield the file: the columns' names, then the rows of each transaction.

    A debit is positive and a credit negative, in major units. Rows with the same narration and date
    are one journal, so the narration begins with the transaction's reference.
    """
    yield csv_rows([COLUMNS])
    for each in transactions:
        yield csv_rows(_rows(book, each))


def _rows(book: JournalBook, each: JournalTransaction) -> Iterator[tuple[str, ...]]:
    narration = disarmed(f"{each.reference}: {each.description}")
    # Xero reads 10/11/2026 by the organization's country. A month in letters has one meaning.
    day = each.day.strftime("%d %b %Y")
    description, tax_rate = disarmed(each.description), disarmed(book.xero_tax_rate)
    for line in each.lines:
        yield narration, day, description, disarmed(book.account(line)), tax_rate, book.amount(line)
