"""Adjustments for tests."""

from dataclasses import replace
from typing import Any

from shared.domain.adjustment import Adjustment, AdjustmentStatus, AdjustmentStep, Decision
from shared.domain.record_source import RecordSource

from .orders import AT


def proposed(**changes: Any) -> Adjustment:  # noqa: ANN401  # an Adjustment's fields
    """Return a proposal by ana to take $12.50 from st_1, with changes."""
    adjustment = Adjustment(
        adjustment_id="adj_1",
        studio_id="st_1",
        amount=-1250,
        currency="usd",
        reason="Prints that were billed twice",
        reference="T-1",
        status=AdjustmentStatus.PROPOSED,
        proposed_by="ana",
        proposed_at=AT,
        source=RecordSource.API,
        fingerprint="f",
        correlation_id="corr",
        history=(AdjustmentStep(AdjustmentStatus.PROPOSED, AT, "ana", RecordSource.API),),
    )
    return replace(adjustment, **changes)


def decision(by: str, source: RecordSource = RecordSource.API) -> Decision:
    """Return a decision by a user."""
    return Decision(by, AT, source)
