"""What is recorded of a studio in a test: its orders, its open work and its ledger."""

from typing import TYPE_CHECKING

from shared.domain.due_work import DueWork
from shared.domain.ledger import LedgerHead
from shared.domain.ledger_chain import ChainFault, verify_chain
from shared.domain.order import OrderKey
from shared.domain.refund import Refund
from shared.gateways.ledger_entries import read_contents
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.open_work import OpenWorkIndex
from shared.gateways.orders_table import OrderRecord, OrdersTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class StudioRecords:
    """Reads one studio's records."""

    dynamodb: "DynamoDBClient"
    ledger_table: str
    studio_id: str
    orders: OrdersTable
    books: LedgerStore
    open_index: OpenWorkIndex

    def record(self, order_id: str) -> OrderRecord:
        """Return an order from the table."""
        record = self.orders.load_order(self.key(order_id))
        assert record is not None
        return record

    def current(self, refund: Refund) -> Refund:
        """Return a refund from the table."""
        found = self.orders.get_refund(refund.order_key, refund.refund_id)
        assert found is not None
        return found

    def open_work(self) -> list[DueWork]:
        """Return the open refunds, and the orders with an open fee refund or an open charge."""
        return list(self.open_index.due(None))

    def key(self, order_id: str) -> OrderKey:
        """Return what identifies an order of this studio."""
        return OrderKey(self.studio_id, order_id)

    def order_ids(self) -> list[str]:
        """Return the orders that have a sale entry."""
        return [str(entry["order_id"]) for entry in self.entries() if entry["kind"] == "sale"]

    def entries(self) -> list[dict[str, str | int]]:
        """Return the studio's ledger."""
        return list(read_contents(self.dynamodb, self.ledger_table, self.studio_id))

    def head(self) -> LedgerHead:
        """Return the studio's ledger head."""
        head = self.books.load_head(self.studio_id)
        assert head is not None
        return head

    def verify(self) -> ChainFault | None:
        """Check the studio's chain."""
        return verify_chain(self.entries(), self.head())[1]
