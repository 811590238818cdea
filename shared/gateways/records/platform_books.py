"""PPS's own books in OrdersTable: one item."""

from dataclasses import asdict

from shared.domain.platform_books import CurrencyBooks, OpenItem, PlatformBooks
from shared.domain.platform_line import EntryName
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import BOOKS_PK, BOOKS_SK, primary_key


def books_to_item(books: PlatformBooks) -> Item:
    """Return the item of the books."""
    values: Values = {
        "began_at": books.began_at,
        "until": books.until,
        "currencies": {name: asdict(sums) for name, sums in books.currencies.items()},
        "open_items": [_item_values(each) for each in books.open_items],
        "window_seconds": books.window_seconds,
        "watched": list(books.watched),
        "by_changes": books.by_changes,
        "version": books.version,
    }
    return primary_key(BOOKS_PK, BOOKS_SK) | marshal(values)


def books_from_values(values: Values) -> PlatformBooks:
    """Return the books of an item's values."""
    return PlatformBooks(
        began_at=values["began_at"],
        until=values["until"],
        currencies={name: CurrencyBooks(**sums) for name, sums in values["currencies"].items()},
        open_items=tuple(map(_item_from_values, values["open_items"])),
        version=values["version"],
        **_progress_from_values(values),
    )


def _progress_from_values(values: Values) -> Values:
    """Return how the books go on. Books of an earlier version have none, and read all ledgers."""
    if "by_changes" not in values:
        return {}
    return {
        "window_seconds": values["window_seconds"],
        "watched": tuple(values["watched"]),
        "by_changes": values["by_changes"],
    }


def _item_values(item: OpenItem) -> Values:
    entries = [
        {name: value for name, value in asdict(each).items() if value is not None}
        for each in item.entries
    ]
    return asdict(item) | {"transactions": list(item.transactions), "entries": entries}


def _item_from_values(values: Values) -> OpenItem:
    return OpenItem(
        **{
            **values,
            "transactions": tuple(values["transactions"]),
            "entries": tuple(EntryName(**each) for each in values["entries"]),
        }
    )
