"""Holds of studios' payouts, in OrdersTable."""

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.payout_hold import PayoutHold
from shared.gateways.records.keys import PAYOUT_HOLD_SK, studio_pk
from shared.gateways.records.next_payout import next_payout_item
from shared.gateways.records.payout_hold import hold_from_values, hold_to_item
from shared.gateways.table import STILL_DUE, TableGateway

if TYPE_CHECKING:
    from shared.gateways.table import Step


class PayoutHolds(TableGateway):
    """The holds' items: one for each studio that ever had one."""

    def get(self, studio_id: str) -> PayoutHold | None:
        """Read a studio's hold, released or not, consistently; None if it never had one."""
        values = self._table.get(studio_pk(studio_id), PAYOUT_HOLD_SK)
        return hold_from_values(values) if values else None

    def active(self, studio_id: str) -> PayoutHold | None:
        """Read the hold that a studio's payouts are under, consistently, or None."""
        hold = self.get(studio_id)
        return hold if hold and hold.is_active else None

    def release(self, hold: PayoutHold, due_at: str, next_due_at: str) -> None:
        """Write a released hold and the next due time in ONE transaction.

        Args:
            hold: The hold, at the version read.
            due_at: When the next payout was due, as read; RFC 3339 in UTC.
            next_due_at: When it is due now.

        Raises:
            StaleStateError: One of them has changed.
        """
        item = next_payout_item(hold.studio_id, next_due_at)
        self._table.write(self.put(hold), self._table.when(STILL_DUE, due_at, item))

    def put(self, hold: PayoutHold) -> "Step":
        """Return the transaction step that writes a hold, the first one or the one as read."""
        item = hold_to_item(replace(hold, version=hold.version + 1))
        return self._table.replacing(item, hold.version) if hold.version else self._table.new(item)
