"""A studio's limit guard in OrdersTable, in the studio's partition."""

from shared.domain.limit_guard import LimitGuard
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import LIMIT_GUARD_SK, primary_key, studio_id_of, studio_pk


def guard_to_item(guard: LimitGuard) -> Item:
    """Return the item of a guard."""
    values: Values = {"order_ids": list(guard.order_ids), "version": guard.version}
    return primary_key(studio_pk(guard.studio_id), LIMIT_GUARD_SK) | marshal(values)


def guard_from_values(values: Values) -> LimitGuard:
    """Return the guard of an item's values."""
    return LimitGuard(studio_id_of(values["PK"]), tuple(values["order_ids"]), values["version"])
