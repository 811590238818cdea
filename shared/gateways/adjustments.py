"""Adjustments in OrdersTable, and their lists.

``AdjustmentStore`` has the transaction that approves one.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.adjustment import Adjustment
from shared.gateways.records.adjustment import adjustment_from_values, adjustment_to_item
from shared.gateways.records.keys import (
    ATTENTION_INDEX,
    OPEN_INDEX,
    AttentionPartition,
    OpenWork,
    adjustment_sk,
    attention_pk,
    open_work_query,
    primary_key,
    studio_pk,
)
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Values


class Adjustments(TableGateway):
    """The adjustments' items. The lists are read eventually consistent."""

    def get(self, studio_id: str, adjustment_id: str) -> Adjustment | None:
        """Read an adjustment of a studio, consistently, or None."""
        values = self._table.get(studio_pk(studio_id), adjustment_sk(adjustment_id))
        return adjustment_from_values(values) if values else None

    def record_proposal(self, adjustment: Adjustment) -> None:
        """Record a new proposal.

        Raises:
            StaleStateError: It is already recorded.
        """
        self._table.write(self._table.new(adjustment_to_item(adjustment)))

    def record_rejection(self, adjustment: Adjustment) -> Adjustment:
        """Record that an adjustment was rejected. Return it as stored.

        Raises:
            StaleStateError: The adjustment has changed.
        """
        stored = replace(adjustment, version=adjustment.version + 1)
        self._table.write(self._table.replacing(adjustment_to_item(stored), adjustment.version))
        return stored

    def newest(self, studio_id: str, limit: int, before: str | None = None) -> list[Adjustment]:
        """Read a studio's adjustments, the newest first.

        Args:
            studio_id: The studio's id.
            limit: How many at most.
            before: The place (see ``place_of``) to continue after; None for the first page.
        """
        condition = "attention_pk = :pk"
        values = {":pk": attention_pk(studio_id, AttentionPartition.ADJUSTMENT)}
        if before is not None:
            condition += " AND attention_sk < :before"
            values[":before"] = before
        found, _ = self._table.page(
            condition, values, IndexName=ATTENTION_INDEX, ScanIndexForward=False, Limit=limit
        )
        return sorted(self._read(found), key=place_of, reverse=True)

    def waiting(self, limit: int) -> list[Adjustment]:
        """Read the proposals of all studios that wait for a decision, the oldest first.

        Args:
            limit: How many at most.
        """
        query = open_work_query(OpenWork.ADJUSTMENT)
        found, _ = self._table.page(*query, IndexName=OPEN_INDEX, Limit=limit)
        # The index may still show one that was decided a moment ago.
        return sorted(filter(_is_proposed, self._read(found)), key=place_of)

    def _read(self, found: "Iterable[Values]") -> Iterable[Adjustment]:
        keys = [primary_key(values["PK"], values["SK"]) for values in found]
        return map(adjustment_from_values, self._table.batch_get(keys, consistent=True))


def place_of(adjustment: Adjustment) -> str:
    """Return an adjustment's place in the lists, which are in order of time."""
    return f"{adjustment.proposed_at}#{adjustment.adjustment_id}"


def _is_proposed(adjustment: Adjustment) -> bool:
    return adjustment.is_proposed
