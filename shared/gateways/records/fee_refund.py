"""An application fee's refund in OrdersTable, in its order's partition."""

from dataclasses import fields

from shared.domain.fee_refund import FeeRefund
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    FEE_REFUND_SK,
    OpenWork,
    open_work,
    order_key_of,
    order_pk,
    primary_key,
)

_FIELDS = tuple(field.name for field in fields(FeeRefund))


def fee_refund_to_item(fee_refund: FeeRefund) -> Item:
    """Return the item of an application fee's refund, in OpenIndex until it is done."""
    values = {name: getattr(fee_refund, name) for name in _FIELDS}
    del values["order_id"], values["next_poll_at"]
    if fee_refund.is_open:
        values |= open_work(OpenWork.FEE_REFUND, fee_refund.next_poll_at)
    return primary_key(order_pk(fee_refund.order_key), FEE_REFUND_SK) | marshal(values)


def fee_refund_from_values(values: Values) -> FeeRefund:
    """Return the application fee's refund of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["order_id"] = order_key_of(values["PK"]).order_id
    known["next_poll_at"] = values.get("open_due")
    return FeeRefund(**known)
