"""PPS admins who adjust one studio's balance, in this process."""

import uuid
from dataclasses import dataclass

from functions.adjustments.bodies import AdjustmentBody
from functions.adjustments.decide_adjustment import DecideAdjustment, Decider
from functions.adjustments.list_adjustments import ListAdjustments
from functions.adjustments.propose_adjustment import Proposal, ProposeAdjustment
from shared.domain.adjustment import Adjustment
from shared.domain.record_source import RecordSource
from shared.gateways.adjustment_store import AdjustmentStore
from shared.gateways.adjustments import Adjustments
from tests.integration.backend import Backend


@dataclass
class PpsAdmins:
    """Any number of PPS admins, who name this backend's studio."""

    backend: Backend

    def __post_init__(self) -> None:
        backend = self.backend
        self.table = Adjustments(backend.dynamodb, backend.orders_table)
        self.store = AdjustmentStore(backend.dynamodb, backend.orders_table, backend.ledger_table)
        self.decide = self.deciding(self.table, self.store)
        self.list = ListAdjustments(self.table)
        self.proposing = ProposeAdjustment(self.table, self.store, backend.clock)

    def deciding(self, table: Adjustments, store: AdjustmentStore) -> DecideAdjustment:
        """Return the use case on other gateways."""
        return DecideAdjustment(table, store, self.backend.clock)

    def propose(
        self, amount: int = -1250, key: str | None = None, *, reason: str = "T", by: str = "ana"
    ) -> Adjustment:
        """Propose an adjustment, under a new key unless one is given."""
        return self.proposing(
            Proposal(
                studio_id=self.backend.studio_id,
                by=by,
                source=RecordSource.API,
                idempotency_key=key or uuid.uuid4().hex,
                body=AdjustmentBody(amount=amount, reason=reason),
                correlation_id="corr",
            )
        )

    def approve(self, adjustment: Adjustment, by: str = "ben") -> Adjustment:
        """Approve an adjustment."""
        return self.decide.approve(self.decider(by), adjustment.adjustment_id)

    def reject(self, adjustment: Adjustment, by: str = "ben") -> Adjustment:
        """Reject an adjustment."""
        return self.decide.reject(self.decider(by), adjustment.adjustment_id)

    def decider(self, by: str) -> Decider:
        """Return a PPS admin who decides for this studio."""
        return Decider(self.backend.studio_id, by, RecordSource.API)

    def current(self, adjustment: Adjustment) -> Adjustment:
        """Return an adjustment from the table."""
        found = self.table.get(adjustment.studio_id, adjustment.adjustment_id)
        assert found is not None
        return found

    def entries(self) -> list[dict[str, str | int]]:
        """Return the ledger's entries of adjustments."""
        return [each for each in self.backend.entries() if each["kind"] == "adjustment"]
