"""The search entries of stored orders, for the migration that renews them.

The entries of an order are right if each of its tokens has one, and each has all of its tokens.
"""

from collections.abc import Iterable, Iterator
from itertools import batched
from typing import TYPE_CHECKING

from shared.gateways.records.imported_order import (
    imported_order_from_values,
    imported_order_to_item,
    search_items,
)
from shared.gateways.records.keys import ORDER_SK, primary_key, search_pk, search_sk
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.domain.imported_order import ImportedOrder
    from shared.domain.order import OrderKey

# A transaction has 100 steps, and one of them checks that the order is still there.
_STEPS = 99


class SearchWords(TableGateway):
    """The search entries, and the orders that they find."""

    def orders(self, segment: int, segments: int) -> "Iterator[ImportedOrder]":
        """Read the orders of all studios in one segment of the table, also erased ones."""
        found = self._table.scan("SK = :order", {":order": ORDER_SK}, segment, segments)
        return map(imported_order_from_values, found)

    def stored_tokens(self, order: "OrderKey", tokens: list[str]) -> dict[str, list[str]]:
        """Read an order's search entries for some tokens: by token, the tokens that each has."""
        pk = search_pk(order.studio_id)
        keys = [primary_key(pk, search_sk(token, order.order_id)) for token in tokens]
        read = self._table.batch_get(keys, consistent=True)
        return {
            values["SK"].removesuffix(f"#{order.order_id}"): values["tokens"].split()
            for values in read
        }

    def renew(self, order: "ImportedOrder", stale: Iterable[str], tokens: list[str]) -> None:
        """Delete an order's stale tokens, then store the right ones in ONE transaction.

        After a crash in between, the order's entries are still seen to be wrong. Each write checks
        that the order still has its names: an erasure empties them last, and then looks for words.

        Raises:
            StaleStateError: The order was erased meanwhile.
        """
        stored = imported_order_to_item(order, order.placed_at)
        has_names = self._table.unchanged(stored, "parent", "subjects")
        pk = search_pk(order.studio_id)
        for batch in batched(stale, _STEPS, strict=False):
            removals = (
                self._table.removal(pk, search_sk(token, order.order_id)) for token in batch
            )
            self._table.write(has_names, *removals)
        self._table.write(has_names, *map(self._table.guarded, search_items(order.key, tokens)))
