"""The journal as beancount reads it.

https://beancount.github.io/docs/beancount_language_syntax.html
"""

from collections.abc import Iterable, Iterator

from shared.domain.journal import JournalTransaction
from shared.views.journal.book import JournalBook

# Before any entry of a ledger.
_OPENED_ON = "1970-01-01"


def beancount(book: JournalBook, transactions: Iterable[JournalTransaction]) -> Iterator[str]:
    """Yield the file: the options, an ``open`` for each account, then each transaction."""
    yield _head(book)
    for each in transactions:
        lines = [
            f"\n{each.day} * {_quoted(each.description)}",
            f"  reference: {_quoted(each.reference)}",
        ]
        lines += [
            f"  {book.account(line)}  {book.amount(line)} {book.commodity}" for line in each.lines
        ]
        yield "\n".join(lines) + "\n"


def _head(book: JournalBook) -> str:
    lines = [
        f'option "title" {_quoted(book.studio_name)}',
        f'option "operating_currency" "{book.commodity}"',
    ]
    lines += [f"{_OPENED_ON} open {name} {book.commodity}" for name in book.accounts.names()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
