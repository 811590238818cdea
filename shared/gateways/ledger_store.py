"""The ledger's head, and the steps that every transaction on the ledger takes.

LedgerTable gets puts under a condition and nothing else. No role may update or delete an entry.
The head, which moves, lies in OrdersTable. ``SaleStore``, ``SettlementStore``, ``PayoutStore`` and
``AdjustmentStore`` have the transactions, so that a function loads only the nouns it writes.
"""

from typing import TYPE_CHECKING

from shared.domain.ledger import LedgerEntry, LedgerHead
from shared.gateways.records.keys import HEAD_SK, studio_pk
from shared.gateways.records.ledger import entry_to_item, head_from_values, head_to_item
from shared.gateways.table import HEAD_UNMOVED, Table

if TYPE_CHECKING:
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

    def _put_entry(self, entry: LedgerEntry) -> "Step":
        return self._ledger_table.new(entry_to_item(entry))

    def _move_head(self, before: LedgerHead, after: LedgerHead) -> "Step":
        return self._orders_table.when(HEAD_UNMOVED, before.seq, head_to_item(after))
