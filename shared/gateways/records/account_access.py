"""An account's access in OrdersTable, in a partition of its own."""

from dataclasses import fields

from shared.domain.account_access import AccountAccess, LearnedFrom
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import ACCESS_SK, account_pk, primary_key

_FIELDS = tuple(field.name for field in fields(AccountAccess))


def access_to_item(access: AccountAccess) -> Item:
    """Return the item of an account's access."""
    values = {name: getattr(access, name) for name in _FIELDS}
    return primary_key(account_pk(access.account_id), ACCESS_SK) | marshal(values)


def access_from_values(values: Values) -> AccountAccess:
    """Return the access of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["learned_from"] = LearnedFrom(known["learned_from"])
    return AccountAccess(**known)
