"""The transaction that settles refunds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import Posting
from shared.domain.order import OrderState
from shared.domain.refund import Refund
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.order_refunds import OrderRefunds
from shared.gateways.table import fits_a_transaction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class SettlementsTooLargeError(Exception):
    """The settlements do not fit into one transaction. Nothing was written."""


@dataclass(frozen=True, slots=True)
class SettledOrder:
    """What settlements change of one order. Each part is at the version read.

    Attributes:
        state: The order's state after them.
        refunds: The refunds that they change.
        fee_refund: The application fee's refund with its new target, or None if it does not change.
    """

    state: OrderState
    refunds: tuple[Refund, ...]
    fee_refund: FeeRefund | None


class SettlementStore(LedgerStore):
    """Writes settlements."""

    def __init__(self, dynamodb: "DynamoDBClient", orders_table: str, ledger_table: str) -> None:
        super().__init__(dynamodb, orders_table, ledger_table)
        self._orders = OrderRefunds(dynamodb, orders_table)
        self._fee_refunds = FeeRefunds(dynamodb, orders_table)

    def record_settlements(
        self, orders: Iterable[SettledOrder], postings: Sequence[Posting]
    ) -> None:
        """Write orders, refunds, ledger entries and the ledger head in ONE transaction.

        Args:
            orders: The orders after the settlements.
            postings: The new entries of one studio, each after the one before. At least one.

        Raises:
            StaleStateError: One of them has changed.
            SettlementsTooLargeError: They are more than one transaction may write.
        """
        steps = [self._put_entry(each.entry) for each in postings]
        steps.append(self._move_head(postings[0].before, postings[-1].after))
        for order in orders:
            steps.append(self._orders.put_state(order.state))
            steps += map(self._orders.put_refund, order.refunds)
            if order.fee_refund is not None:
                steps.append(self._fee_refunds.put(order.fee_refund))
        if not fits_a_transaction(steps):
            raise SettlementsTooLargeError(f"{len(steps)} items")
        self._orders_table.write(*steps)
