"""PPS's own books, in OrdersTable."""

from dataclasses import replace

from shared.domain.platform_books import PlatformBooks
from shared.gateways.records.keys import BOOKS_PK, BOOKS_SK
from shared.gateways.records.platform_books import books_from_values, books_to_item
from shared.gateways.table import TableGateway


class BooksStore(TableGateway):
    """The one item that has PPS's own books."""

    def get(self) -> PlatformBooks | None:
        """Read the books, consistently, or None before they have begun."""
        values = self._table.get(BOOKS_PK, BOOKS_SK)
        return books_from_values(values) if values else None

    def put(self, books: PlatformBooks) -> PlatformBooks:
        """Replace the books as read, and return them as stored.

        Raises:
            StaleStateError: Another run has changed them.
        """
        stored = replace(books, version=books.version + 1)
        item = books_to_item(stored)
        begins = books.version == 0
        step = self._table.new(item) if begins else self._table.replacing(item, books.version)
        self._table.write(step)
        return stored
