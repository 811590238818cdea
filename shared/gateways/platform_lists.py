"""What PPS looks at across all studios, from PlatformIndex.

Reading a list costs what is on it, however many studios there are. The index holds keys and is read
eventually consistent. The items are then read from the table.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.domain.ledger import LedgerHead
from shared.domain.order import OrderState
from shared.domain.payout import Payout
from shared.gateways.records.keys import PLATFORM_INDEX, PlatformPartition, primary_key
from shared.gateways.records.ledger import head_from_values
from shared.gateways.records.order_state import state_from_values
from shared.gateways.records.payout import payout_from_values
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values


class PlatformLists(TableGateway):
    """PPS's own lists, each in no order."""

    def wrong_payments(self) -> Iterator[OrderState]:
        """Read the states of the orders whose charge differs from the import, or is missing."""
        return map(state_from_values, self._read(PlatformPartition.WRONG_PAYMENT))

    def owing_heads(self) -> Iterator[LedgerHead]:
        """Read the ledger heads of the studios that owe PPS."""
        return map(head_from_values, self._read(PlatformPartition.OWING))

    def paid_payouts(self, since: str, until: str) -> Iterator[Payout]:
        """Read the payouts that were paid in a time, without its end.

        Args:
            since: When the time begins, RFC 3339 in UTC.
            until: When it ends.
        """
        found = self._read(PlatformPartition.PAID_PAYOUT, since, until)
        return map(payout_from_values, found)

    def _read(
        self, partition: PlatformPartition, since: str | None = None, until: str = ""
    ) -> "Iterator[Values]":
        condition, values = "platform_pk = :pk", {":pk": partition.value}
        if since is not None:
            condition += " AND platform_sk BETWEEN :since AND :until"
            values |= {":since": since, ":until": until}
        found = self._table.query(condition, values, IndexName=PLATFORM_INDEX)
        # BETWEEN includes the end, and the time does not.
        keys = (
            primary_key(each["PK"], each["SK"])
            for each in found
            if since is None or each["platform_sk"] < until
        )
        return self._table.batch_get(keys, consistent=True)
