"""An object at Stripe that is not ours, in OrdersTable in a partition of its own."""

from dataclasses import fields

from shared.domain.foreign_object import ForeignObject
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    FOREIGN_SK,
    PlatformPartition,
    foreign_pk,
    platform_list,
    primary_key,
)

_FIELDS = tuple(field.name for field in fields(ForeignObject))


def foreign_to_item(foreign: ForeignObject) -> Item:
    """Return the item, on PPS's list until somebody acknowledges it."""
    values: Values = {name: getattr(foreign, name) for name in _FIELDS}
    if foreign.acknowledged_at is None:
        values |= platform_list(PlatformPartition.FOREIGN, foreign.found_at)
    return primary_key(foreign_pk(foreign.stripe_id), FOREIGN_SK) | marshal(values)


def foreign_from_values(values: Values) -> ForeignObject:
    """Return the object of an item's values."""
    return ForeignObject(**{name: values[name] for name in _FIELDS if name in values})
