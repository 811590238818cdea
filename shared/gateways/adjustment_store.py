"""The transaction that approves an adjustment."""

from dataclasses import replace

from shared.domain.adjustment import Adjustment, Approval
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.records.adjustment import adjustment_to_item


class AdjustmentStore(LedgerStore):
    """Writes approved adjustments with their ledger entries."""

    def record_approval(self, approval: Approval) -> Adjustment:
        """Write adjustment, ledger entry and ledger head in ONE transaction.

        Args:
            approval: The adjustment, at the version read, and its entry.

        Returns:
            The adjustment as stored.

        Raises:
            StaleStateError: The adjustment or the ledger has changed.
        """
        adjustment, posting = approval.adjustment, approval.posting
        stored = replace(adjustment, version=adjustment.version + 1)
        self._orders_table.write(
            self._orders_table.replacing(adjustment_to_item(stored), adjustment.version),
            self._put_entry(posting.entry),
            self._move_head(posting.before, posting.after),
        )
        return stored
