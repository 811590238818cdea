"""An adjustment in OrdersTable, in its studio's partition."""

from dataclasses import fields

from shared.domain.adjustment import Adjustment, AdjustmentStatus, AdjustmentStep
from shared.domain.record_source import RecordSource
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    ADJUSTMENT_PREFIX,
    AttentionPartition,
    OpenWork,
    adjustment_sk,
    attention,
    open_work,
    primary_key,
    studio_id_of,
    studio_pk,
)

_FIELDS = tuple(field.name for field in fields(Adjustment))


def adjustment_to_item(adjustment: Adjustment) -> Item:
    """Return the item of an adjustment, on the studio's list, and in OpenIndex until decided."""
    values: Values = {name: getattr(adjustment, name) for name in _FIELDS}
    del values["adjustment_id"], values["studio_id"]
    values["history"] = [
        {"status": step.status, "at": step.at, "by": step.by, "source": step.source}
        for step in adjustment.history
    ]
    values |= attention(
        adjustment.studio_id,
        AttentionPartition.ADJUSTMENT,
        adjustment.proposed_at,
        adjustment.adjustment_id,
    )
    if adjustment.is_proposed:
        values |= open_work(OpenWork.ADJUSTMENT, adjustment.proposed_at)
    key = primary_key(studio_pk(adjustment.studio_id), adjustment_sk(adjustment.adjustment_id))
    return key | marshal(values)


def adjustment_from_values(values: Values) -> Adjustment:
    """Return the adjustment of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["adjustment_id"] = values["SK"].removeprefix(ADJUSTMENT_PREFIX)
    known["studio_id"] = studio_id_of(values["PK"])
    known["status"] = AdjustmentStatus(values["status"])
    known["source"] = RecordSource(values["source"])
    known["history"] = tuple(
        AdjustmentStep(
            AdjustmentStatus(step["status"]), step["at"], step["by"], RecordSource(step["source"])
        )
        for step in values["history"]
    )
    return Adjustment(**known)
