"""The journal as hledger reads it.

https://hledger.org/hledger.html#journal
"""

from collections.abc import Iterable, Iterator

from shared.domain.journal import JournalTransaction
from shared.domain.money import minor_unit_digits
from shared.views.journal.book import JournalBook

# A semicolon begins a comment, and a bar ends the payee.
_PLAIN = str.maketrans(";|", ",/")


def hledger(book: JournalBook, transactions: Iterable[JournalTransaction]) -> Iterator[str]:
    """Yield the file: the declarations, so that ``--strict`` accepts it, then each transaction."""
    yield _declarations(book)
    for each in transactions:
        lines = [f"\n{each.day} * ({each.reference}) {each.description.translate(_PLAIN)}"]
        lines += [
            f"    {book.account(line)}  {book.amount(line)} {book.commodity}" for line in each.lines
        ]
        yield "\n".join(lines) + "\n"


def _declarations(book: JournalBook) -> str:
    # hledger wants the decimal mark in a sample amount, also where no digit follows it.
    sample = f"1000.{'0' * minor_unit_digits(book.currency)}"
    lines = ["decimal-mark .", f"commodity {sample} {book.commodity}"]
    lines += [f"account {name}" for name in book.accounts.names()]
    return "\n".join(lines) + "\n"
