"""When a studio's next payout is due, in OrdersTable. Payout runs find it in OpenIndex."""

from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    NEXT_PAYOUT_SK,
    OpenWork,
    open_work,
    primary_key,
    studio_pk,
)


def next_payout_item(studio_id: str, due_at: str) -> Item:
    """Return the item that says when a studio's next payout is due.

    Args:
        studio_id: The studio's id.
        due_at: RFC 3339 in UTC.
    """
    return primary_key(studio_pk(studio_id), NEXT_PAYOUT_SK) | marshal(
        open_work(OpenWork.PAYOUT_DUE, due_at)
    )


def due_at_of(values: Values) -> str:
    """Return when a studio's next payout is due, from the values of ``next_payout_item``."""
    return str(values["open_due"])
