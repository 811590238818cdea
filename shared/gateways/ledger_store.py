"""The ledger's head, and the steps that every transaction on the ledger takes.

LedgerTable gets puts under a condition and nothing else. No role may update or delete an entry.
The head, which moves, lies in OrdersTable. ``SaleStore``, ``SettlementStore``, ``PayoutStore`` and
``AdjustmentStore`` have the transactions, so that a function loads only the nouns it writes.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.ledger import LedgerEntry, LedgerHead
from shared.gateways.records.keys import (
    HEAD_SK,
    OPEN_INDEX,
    OpenWork,
    open_work_query,
    primary_key,
    studio_id_of,
    studio_pk,
)
from shared.gateways.records.ledger import entry_to_item, head_from_values, head_to_item
from shared.gateways.table import HEAD_UNMOVED, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.gateways.table import Step


class LedgerStore:
    """Both tables, where they must move together.

    Args:
        dynamodb: A low-level client.
        orders_table: OrdersTable's name.
        ledger_table: LedgerTable's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", orders_table: str, ledger_table: str) -> None:
        self._orders_table = Table(dynamodb, orders_table)
        self._ledger_table = Table(dynamodb, ledger_table)

    def load_head(self, studio_id: str) -> LedgerHead | None:
        """Read a studio's ledger head, consistently, or None."""
        values = self._orders_table.get(studio_pk(studio_id), HEAD_SK)
        return head_from_values(values) if values else None

    def load_heads(self, studio_ids: "Iterable[str]") -> "Iterator[LedgerHead]":
        """Read the ledger heads of studios, consistently, in no order. Missing ones are left out.

        Args:
            studio_ids: The studios' ids, each named once.
        """
        keys = (primary_key(studio_pk(each), HEAD_SK) for each in studio_ids)
        return map(head_from_values, self._orders_table.batch_get(keys, consistent=True))

    def changed_lately(self) -> "Iterator[str]":
        """List the studios whose ledger got an entry within ``LISTED_AFTER_CHANGE``, and some more.

        A studio may come twice. The index is read eventually consistent, so that the last moment
        may be missing.
        """
        query = open_work_query(OpenWork.ANCHOR)
        for values in self._orders_table.query(*query, IndexName=OPEN_INDEX):
            yield studio_id_of(values["PK"])

    def due_for_anchor(self, now: str) -> "Iterator[tuple[str, str]]":
        """List the studios whose ledger is due for an anchor, each with the time it was due.

        The longest overdue comes first. The index is read eventually consistent. The next run finds
        what it does not show yet.
        """
        query = open_work_query(OpenWork.ANCHOR, now)
        for values in self._orders_table.query(*query, IndexName=OPEN_INDEX):
            yield studio_id_of(values["PK"]), str(values["open_due"])

    def set_anchor_due(self, head: LedgerHead, due_at: str | None) -> None:
        """Store when the ledger is anchored next (RFC 3339, UTC), or None until its next entry.

        Raises:
            StaleStateError: The ledger has moved on from this head.
        """
        self._orders_table.write(self._move_head(head, replace(head, anchor_due_at=due_at)))

    def _put_entry(self, entry: LedgerEntry) -> "Step":
        return self._ledger_table.new_entry(entry_to_item(entry))

    def _move_head(self, before: LedgerHead, after: LedgerHead) -> "Step":
        return self._orders_table.when(HEAD_UNMOVED, before.seq, head_to_item(after))
