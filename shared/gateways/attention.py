"""What a person must look at, from AttentionIndex.

The index holds keys and is read eventually consistent. The items are then read from the table. Only
Stripe accounts that left are found by the studio's settings: studios may share an account.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.domain.account_access import AccountAccess
from shared.domain.message import Message
from shared.domain.order import OrderState
from shared.domain.parked import ParkedMessage
from shared.domain.payout_hold import PayoutHold
from shared.domain.refund import Refund
from shared.gateways.records.account_access import access_from_values
from shared.gateways.records.keys import (
    ACCESS_SK,
    ATTENTION_INDEX,
    STUDIO_SK,
    AttentionPartition,
    account_pk,
    attention_query,
    primary_key,
    studio_pk,
)
from shared.gateways.records.message import message_from_values
from shared.gateways.records.order_state import state_from_values
from shared.gateways.records.parked_message import parked_from_values
from shared.gateways.records.payout_hold import hold_from_values
from shared.gateways.records.refund import refund_from_values
from shared.gateways.records.studio import studio_from_values
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values


class Attention(TableGateway):
    """A studio's attention lists, each in no order."""

    def failed_refunds(self, studio_id: str) -> Iterator[Refund]:
        """Read the failed refunds that nobody has resolved."""
        return map(refund_from_values, self._read(studio_id, AttentionPartition.FAILED))

    def open_refunds(self, studio_id: str) -> Iterator[Refund]:
        """Read the refunds that are not settled yet."""
        return map(refund_from_values, self._read(studio_id, AttentionPartition.OPEN))

    def messages(self, studio_id: str) -> Iterator[Message]:
        """Read the messages whose outcome is not known."""
        return map(message_from_values, self._read(studio_id, AttentionPartition.MESSAGE))

    def disputed_orders(self, studio_id: str) -> Iterator[OrderState]:
        """Read the states of the orders with a dispute that is open, or lost and not dismissed."""
        return map(state_from_values, self._read(studio_id, AttentionPartition.DISPUTE))

    def held_amount(self, studio_id: str) -> int:
        """Return what open disputes may still take from what PPS owes, in minor units.

        A payout of a studio with ``hold_disputed`` holds this amount back. Of a direct charge,
        Stripe takes the money from the studio's own account.
        """
        states = self.disputed_orders(studio_id)
        return sum(
            dispute.held_amount
            for state in states
            if state.account_id is None
            for dispute in state.disputes
        )

    def wrong_payments(self, studio_id: str) -> Iterator[OrderState]:
        """Read the states of the orders whose charge differs from the import, or is missing."""
        return map(state_from_values, self._read(studio_id, AttentionPartition.PAYMENT))

    def parked_messages(self, studio_id: str) -> Iterator[ParkedMessage]:
        """Read the parked messages that nobody has resolved."""
        return map(parked_from_values, self._read(studio_id, AttentionPartition.PARKED))

    def payout_holds(self, studio_id: str) -> Iterator[PayoutHold]:
        """Read the hold that the studio's payouts are under, if any."""
        return map(hold_from_values, self._read(studio_id, AttentionPartition.PAYOUT_HOLD))

    def disconnected_accounts(self, studio_id: str) -> list[AccountAccess]:
        """Read which of the studio's Stripe accounts, of its charges and payouts, are away."""
        values = self._table.get(studio_pk(studio_id), STUDIO_SK)
        if values is None:
            return []
        studio = studio_from_values(values)
        named = dict.fromkeys((studio.stripe_account_id, studio.payout_account_id))
        keys = [primary_key(account_pk(each), ACCESS_SK) for each in named if each is not None]
        found = map(access_from_values, self._table.batch_get(keys, consistent=False))
        return [each for each in found if each.is_disconnected]

    def _read(self, studio_id: str, partition: AttentionPartition) -> "Iterator[Values]":
        query = attention_query(studio_id, partition)
        found = self._table.query(*query, IndexName=ATTENTION_INDEX)
        keys = [primary_key(values["PK"], values["SK"]) for values in found]
        return self._table.batch_get(keys, consistent=False)
