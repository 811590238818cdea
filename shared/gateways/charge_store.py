"""The transaction that posts what Stripe says about a charge."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import Posting
from shared.domain.order import OrderState
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.order_states import OrderStates

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ChargeStore(LedgerStore):
    """Writes sales and disputes with their orders."""

    def __init__(self, dynamodb: "DynamoDBClient", orders_table: str, ledger_table: str) -> None:
        super().__init__(dynamodb, orders_table, ledger_table)
        self._states = OrderStates(dynamodb, orders_table)
        self._fee_refunds = FeeRefunds(dynamodb, orders_table)

    def record_charge(
        self, state: OrderState, postings: Iterable[Posting], fee_refund: FeeRefund | None
    ) -> None:
        """Write the order's state, its new ledger entries and the head in ONE transaction.

        Args:
            state: The order's state after, at the version read.
            postings: The new entries, each after the one before.
            fee_refund: The application fee's refund with its new target, or None.

        Raises:
            StaleStateError: One of them has changed.
        """
        steps = [self._states.put_state(state)]
        posted = list(postings)
        steps += [self._put_entry(each.entry) for each in posted]
        if posted:
            steps.append(self._move_head(posted[0].before, posted[-1].after))
        if fee_refund is not None:
            steps.append(self._fee_refunds.put(fee_refund))
        self._orders_table.write(*steps)
