"""A studio's open and failed refunds, from AttentionIndex.

The index holds keys and is read eventually consistent. The items are then read from the table.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.domain.order import OrderKey, OrderState
from shared.domain.refund import Refund, RefundKey
from shared.gateways.records.keys import (
    ATTENTION_INDEX,
    REFUND_PREFIX,
    STATE_SK,
    AttentionPartition,
    attention_place,
    attention_query,
    order_key_of,
    order_pk,
    primary_key,
    refund_sk,
)
from shared.gateways.records.order_state import state_from_values
from shared.gateways.records.refund import refund_from_values
from shared.gateways.table import TableGateway


@dataclass(frozen=True, slots=True)
class ListedRefund:
    """A refund on a list. ``place`` is its place: the time, ``#`` and the refund's id."""

    key: RefundKey
    place: str


class RefundLists(TableGateway):
    """A studio's open and failed refunds."""

    def between(
        self,
        studio_id: str,
        partition: AttentionPartition,
        start: str,
        end: str,
        *,
        newest_first: bool = False,
    ) -> Iterator[ListedRefund]:
        """List a studio's refunds of a partition in a range of time, the oldest or newest first.

        Args:
            studio_id: The studio's id.
            partition: OPEN, FAILED or FAILED_DONE.
            start: The first moment of the range, RFC 3339 in UTC, or a place to start with.
            end: The first moment after the range, or the last place.
            newest_first: Whether to list backward in time.
        """
        found = self._table.query(
            # The refund's id follows the time: what is exactly at the end sorts after it.
            *attention_query(studio_id, partition, start, end),
            IndexName=ATTENTION_INDEX,
            ScanIndexForward=not newest_first,
        )
        for values in found:
            key = RefundKey(order_key_of(values["PK"]), values["SK"].removeprefix(REFUND_PREFIX))
            yield ListedRefund(key, attention_place(partition, values["attention_sk"]))

    def read(self, listed: Iterable[ListedRefund]) -> Iterator[Refund]:
        """Read the refunds of a list, in the same order. Missing ones are left out."""
        keys = [each.key for each in listed]
        wanted = [primary_key(order_pk(key.order), refund_sk(key.refund_id)) for key in keys]
        read = map(refund_from_values, self._table.batch_get(wanted, consistent=False))
        found = {RefundKey(refund.order_key, refund.refund_id): refund for refund in read}
        return (found[key] for key in keys if key in found)

    def read_with_state(
        self, listed: Iterable[ListedRefund]
    ) -> Iterator[tuple[Refund, OrderState]]:
        """Read the refunds of a list, each with its order's state, in the same order."""
        refunds = list(self.read(listed))
        states = self._read_states(refund.order_key for refund in refunds)
        return ((refund, states[refund.order_key]) for refund in refunds)

    def _read_states(self, orders: Iterable[OrderKey]) -> dict[OrderKey, OrderState]:
        keys = [primary_key(order_pk(order), STATE_SK) for order in dict.fromkeys(orders)]
        read = map(state_from_values, self._table.batch_get(keys, consistent=False))
        return {state.key: state for state in read}
