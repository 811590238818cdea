"""Studios in OrdersTable."""

from shared.domain.ledger import LedgerHead
from shared.domain.studio import Studio
from shared.gateways.records.keys import STUDIO_SK, studio_pk
from shared.gateways.records.ledger import head_to_item
from shared.gateways.records.next_payout import next_payout_item
from shared.gateways.records.studio import studio_from_values, studio_to_item
from shared.gateways.table import TableGateway


class Studios(TableGateway):
    """The studios' items. ``StudioUpdates`` changes them."""

    def get(self, studio_id: str, *, consistent: bool = True) -> Studio | None:
        """Read a studio, or None."""
        values = self._table.get(studio_pk(studio_id), STUDIO_SK, consistent=consistent)
        return studio_from_values(values) if values else None

    def add(self, studio: Studio, head: LedgerHead, due_at: str) -> None:
        """Add a studio with an empty ledger.

        Args:
            studio: The studio.
            head: Its ledger's head.
            due_at: When its first payout is due, RFC 3339 in UTC.

        Raises:
            StaleStateError: There is a studio of that id.
        """
        self._table.write(
            self._table.new(studio_to_item(studio)),
            self._table.new(head_to_item(head)),
            self._table.new(next_payout_item(studio.studio_id, due_at)),
        )
