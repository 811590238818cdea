"""A studio's hold in OrdersTable, in the studio's partition."""

from dataclasses import fields

from shared.domain.payout_hold import PayoutHold
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    PAYOUT_HOLD_SK,
    AttentionPartition,
    attention,
    primary_key,
    studio_id_of,
    studio_pk,
)

_FIELDS = tuple(field.name for field in fields(PayoutHold))


def hold_to_item(hold: PayoutHold) -> Item:
    """Return the item of a hold, on the attention list until it is released."""
    values: Values = {name: getattr(hold, name) for name in _FIELDS if name != "studio_id"}
    if hold.is_active:
        values |= attention(
            hold.studio_id, AttentionPartition.PAYOUT_HOLD, hold.held_at, hold.payout_id
        )
    return primary_key(studio_pk(hold.studio_id), PAYOUT_HOLD_SK) | marshal(values)


def hold_from_values(values: Values) -> PayoutHold:
    """Return the hold of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    return PayoutHold(studio_id=studio_id_of(values["PK"]), **known)
