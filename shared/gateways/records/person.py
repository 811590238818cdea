"""What a studio's user is called, in OrdersTable, in the studio's partition."""

from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import USER_PREFIX, primary_key, studio_pk, user_sk


def person_to_item(studio_id: str, user: str, name: str, *, is_erased: bool = False) -> Item:
    """Return the item of a user's name, or of what is shown instead of an erased one."""
    values: Values = {"display_name": name, "is_erased": is_erased or None}
    return primary_key(studio_pk(studio_id), user_sk(user)) | marshal(values)


def name_from_values(values: Values) -> tuple[str, str]:
    """Return a user's id and name from an item's values."""
    return values["SK"].removeprefix(USER_PREFIX), values["display_name"]


def is_name_erased(values: Values) -> bool:
    """Return whether an item's values have no name, but what is shown instead."""
    return values.get("is_erased", False) is True
