"""The transaction that settles a refund."""

from typing import TYPE_CHECKING

from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import Posting
from shared.domain.order import OrderState
from shared.domain.refund import Refund
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.orders_table import OrdersTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class SettlementStore(LedgerStore):
    """Writes settlements."""

    def __init__(self, dynamodb: "DynamoDBClient", orders_table: str, ledger_table: str) -> None:
        super().__init__(dynamodb, orders_table, ledger_table)
        self._orders = OrdersTable(dynamodb, orders_table)
        self._fee_refunds = FeeRefunds(dynamodb, orders_table)

    def record_settlement(
        self, state: OrderState, refund: Refund, posting: Posting, fee_refund: FeeRefund | None
    ) -> None:
        """Write order state, refund, ledger entry and ledger head in ONE transaction.

        Args:
            state: The order's state after, at the version read.
            refund: The refund after, at the version read.
            posting: The new ledger entry, with the heads before and after it.
            fee_refund: The application fee's refund with its new target, or None.

        Raises:
            StaleStateError: One of them has changed.
        """
        steps = [
            self._orders.put_state(state),
            self._orders.put_refund(refund),
            self._put_entry(posting.entry),
            self._move_head(posting.before, posting.after),
        ]
        if fee_refund is not None:
            steps.append(self._fee_refunds.put(fee_refund))
        self._orders_table.write(*steps)
