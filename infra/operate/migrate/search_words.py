"""Renews the words that find orders, after the rules of search have changed."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.domain.search import order_tokens
from shared.gateways.conflict import StaleStateError
from shared.gateways.search_words import SearchWords

if TYPE_CHECKING:
    from shared.domain.imported_order import ImportedOrder

# The order changed meanwhile, or DynamoDB throttles.
LEFT = "left for another run"


def renew_search_words(
    words: SearchWords,
    segment: int,
    segments: int,
    *,
    dry_run: bool,
) -> Iterator[Counter[str]]:
    """Renew the search entries of the orders in one segment of the table.

    Args:
        words: The search entries.
        segment: Which segment, from 0.
        segments: How many there are.
        dry_run: Count what would be renewed, and write nothing.

    Yields:
        For each order, one that was up to date, renewed, or ``LEFT`` for another run.
    """
    for order in words.orders(segment, segments):
        yield Counter([_renew(words, order, dry_run=dry_run)])


def _renew(words: SearchWords, order: "ImportedOrder", *, dry_run: bool) -> str:
    tokens = order_tokens(order.order_id, order.names)
    stored = words.stored_tokens(order.key, tokens)
    if all(stored.get(token) == tokens for token in tokens):
        return "up to date"
    if not dry_run:
        # Each entry has all tokens that were stored with it. The order's id is always one.
        stale = {token for each in stored.values() for token in each} - set(tokens)
        try:
            words.renew(order, sorted(stale), tokens)
        except StaleStateError:
            return LEFT
    return "renewed"
