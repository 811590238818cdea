"""The journal as QuickBooks Online imports it, with the columns of Intuit's sample file.

https://quickbooks.intuit.com/learn-support/en-us/help-article/import-export-data-files/import-journal-entries-quickbooks-online/L4tQBwbs7_US_en_US
"""

import hashlib
from collections.abc import Iterable, Iterator

from shared.domain.journal import JournalTransaction
from shared.views.csv_rows import csv_rows
from shared.views.journal.book import JournalBook
from shared.views.spreadsheet import disarmed

# The asterisks are part of the names in Intuit's sample, and mark what is required.
COLUMNS = (
    *("*JournalNo", "*JournalDate", "*AccountName", "*Debits", "*Credits"),
    *("Description", "Name", "Currency"),
)

# QuickBooks cuts a longer number, and then entries of different days would be one.
# https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/journalentry
_LONGEST_NUMBER = 21
_DIGEST_LENGTH = 8


def quickbooks(book: JournalBook, transactions: Iterable[JournalTransaction]) -> Iterator[str]:
    """Yield the file: the columns' names, then the rows of each transaction.

    A row has a debit or a credit, in major units. Rows with one journal number are one entry.
    """
    yield csv_rows([COLUMNS])
    for each in transactions:
        yield csv_rows(_rows(book, each))


def journal_number(transaction: JournalTransaction) -> str:
    """Return the transaction's reference in at most 21 characters.

    A short digest takes the place of a studio's id that is too long.
    """
    number = disarmed(transaction.reference)
    if len(number) <= _LONGEST_NUMBER:
        return number
    digest = hashlib.sha256(transaction.studio_id.encode()).hexdigest()
    return f"{digest[:_DIGEST_LENGTH]}-{transaction.number}"


def _rows(book: JournalBook, each: JournalTransaction) -> Iterator[tuple[str, ...]]:
    number, day = journal_number(each), each.day.strftime("%m/%d/%Y")
    description = disarmed(each.description)
    for line in each.lines:
        amount = book.amount(line).removeprefix("-")
        debit, credit = (amount, "") if line.amount > 0 else ("", amount)
        account = disarmed(book.account(line))
        yield number, day, account, debit, credit, description, "", book.commodity
