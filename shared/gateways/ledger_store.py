"""The ledger, and the transactions that write it together with the orders' side.

LedgerTable gets puts under a condition and nothing else; no role may update or delete an entry.
The head, which moves, lies in OrdersTable.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import LedgerEntry, LedgerHead
from shared.domain.order import OrderState
from shared.domain.payout import Booking
from shared.domain.refund import Refund
from shared.gateways import items
from shared.gateways.orders_table import OrdersTable
from shared.gateways.table import HEAD_UNMOVED, STILL_DUE, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.gateways.table import Step


@dataclass(frozen=True, slots=True)
class NewSale:
    """An order as it goes in: its document, its state, and its sale entry if it was charged.

    ``tokens`` are the words by which it is found.
    """

    document: items.Values
    state: OrderState
    charge_id: str | None
    entry: LedgerEntry | None
    tokens: list[str]


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
        self._orders = OrdersTable(dynamodb, orders_table)

    def load_head(self, studio_id: str) -> LedgerHead | None:
        """Read a studio's ledger head, consistently, or None."""
        values = self._orders_table.get(items.studio_pk(studio_id), items.HEAD_SK)
        return items.head_from_values(values) if values else None

    def record_settlement(
        self,
        state: OrderState,
        refund: Refund,
        entry: LedgerEntry,
        head: tuple[LedgerHead, LedgerHead],
        fee_refund: FeeRefund | None,
    ) -> None:
        """Write order state, refund, ledger entry and ledger head in ONE transaction.

        Args:
            state: The order's state after, at the version read.
            refund: The refund after, at the version read.
            entry: The new ledger entry.
            head: The ledger head before and after.
            fee_refund: The application fee's refund with its new target, or None.

        Raises:
            StaleStateError: Any of them has changed.
        """
        steps = [
            self._orders.put_state(state),
            self._orders.put_refund(refund),
            self._put_entry(entry),
            self._move_head(*head),
        ]
        if fee_refund is not None:
            steps.append(self._orders.put_fee_refund(fee_refund))
        self._orders_table.write(*steps)

    def record_sales(self, sales: list[NewSale], head: tuple[LedgerHead, LedgerHead]) -> None:
        """Write orders of one studio with their sale entries in ONE transaction.

        Args:
            sales: So few that DynamoDB's limit of 100 steps holds: up to four for each, and one
                for each of its tokens.
            head: The ledger head before and after.

        Raises:
            StaleStateError: One of the orders or charges is there already, or the head has moved.
        """
        steps = [step for sale in sales for step in self._sale_steps(sale)]
        if head[0] != head[1]:
            steps.append(self._move_head(*head))
        self._orders_table.write(*steps)

    def record_payout(self, head: LedgerHead, closing: Booking, due: tuple[str, str]) -> None:
        """Write a new payout, its entry, the head and when the next one is due, in ONE transaction.

        Args:
            head: The ledger head that the payout was made of.
            closing: The payout with its entry and the head after it.
            due: When it was due, as read, and when the next one is; RFC 3339 in UTC.

        Raises:
            StaleStateError: The ledger has moved, or the studio is not due (any more).
        """
        before, after = due
        next_payout = items.next_payout_item(head.studio_id, after)
        self._orders_table.write(
            self._orders_table.new(items.payout_to_item(closing.payout)),
            self._put_entry(closing.entry),
            self._move_head(head, closing.head),
            self._orders_table.when(STILL_DUE, before, next_payout),
        )

    def record_payout_failure(self, head: LedgerHead, failure: Booking) -> None:
        """Write a payout that failed, the entry that gives its money back, and the head.

        Args:
            head: The ledger head that the entry follows.
            failure: The payout, at the version read, with its entry and the head after it.

        Raises:
            StaleStateError: The ledger or the payout has moved.
        """
        stored = replace(failure.payout, version=failure.payout.version + 1)
        self._orders_table.write(
            self._orders_table.replacing(items.payout_to_item(stored), failure.payout.version),
            self._put_entry(failure.entry),
            self._move_head(head, failure.head),
        )

    def _sale_steps(self, sale: NewSale) -> "Iterator[Step]":
        state = sale.state
        pk = items.order_pk(state.order_id)
        place = {"date_sk": items.date_sk(state.placed_at, state.order_id)}
        yield self._orders_table.new(
            items.key(pk, items.ORDER_SK) | items.marshal(sale.document) | items.marshal(place)
        )
        yield self._orders_table.new(items.state_to_item(state))
        if sale.charge_id is not None:
            pointer = {
                "order_id": state.order_id,
                "studio_id": state.studio_id,
                "account_id": state.account_id,
            }
            charge = items.key(items.charge_pk(sale.charge_id), items.CHARGE_SK)
            yield self._orders_table.new(charge | items.marshal(pointer))
        if sale.entry is not None:
            yield self._put_entry(sale.entry)
        for token in sale.tokens:
            yield self._orders_table.new(
                items.search_item(state.studio_id, state.order_id, token, sale.tokens)
            )

    def _put_entry(self, entry: LedgerEntry) -> "Step":
        key = items.key(items.studio_pk(entry.studio_id), items.entry_sk(entry.seq))
        return self._ledger_table.new(key | items.marshal(entry.content()))

    def _move_head(self, before: LedgerHead, after: LedgerHead) -> "Step":
        return self._orders_table.when(HEAD_UNMOVED, before.seq, items.head_to_item(after))


def read_entries(
    dynamodb: "DynamoDBClient", ledger_table: str, studio_id: str
) -> Iterator[dict[str, str | int]]:
    """Read a studio's whole ledger in order, consistently, without the table's keys."""
    found = Table(dynamodb, ledger_table).query(
        "PK = :pk AND begins_with(SK, :prefix)",
        {":pk": items.studio_pk(studio_id), ":prefix": items.ENTRY_PREFIX},
        ConsistentRead=True,
    )
    for values in found:
        del values["PK"], values["SK"]
        yield values
