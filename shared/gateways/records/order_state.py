"""An order's state in OrdersTable: one small item, with its keys in the lists."""

from dataclasses import MISSING, fields

from shared.domain.fulfillment import PRINT_QUEUE_STATUSES
from shared.domain.order import (
    FulfillmentStatus,
    FulfillmentStep,
    LineCommitted,
    OrderState,
)
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    STATE_SK,
    AttentionPartition,
    attention,
    order_key_of,
    order_pk,
    placed_sk,
    primary_key,
    status_pk,
)

_DEFAULTS = {
    field.name: field.default for field in fields(OrderState) if field.default is not MISSING
}
_FIELDS = tuple(field.name for field in fields(OrderState))


def state_to_item(state: OrderState) -> Item:
    """Return the state's item with its keys in the lists. Default values are not stored."""
    values: Values = {
        name: getattr(state, name)
        for name in _FIELDS
        if getattr(state, name) != _DEFAULTS.get(name)
    }
    del values["order_id"]
    values["version"] = state.version
    values["lines_committed"] = {
        line_id: {"quantity": line.quantity, "amount": line.amount}
        for line_id, line in state.lines_committed.items()
    } or None
    values["print_units_off"] = state.print_units_off or None
    values["fulfillment_history"] = [
        {"status": step.status, "at": step.at, "by": step.by} for step in state.fulfillment_history
    ] or None
    values |= {
        "status_pk": status_pk(state.studio_id, state.refund_status),
        "placed_sk": placed_sk(state.placed_at, state.order_id),
    }
    if state.fulfillment_status in PRINT_QUEUE_STATUSES:
        values["print_pk"] = state.studio_id
    if state.disputed:
        values |= attention(
            state.studio_id,
            AttentionPartition.DISPUTE,
            state.disputed_at or state.placed_at,
            state.order_id,
        )
    return primary_key(order_pk(state.key), STATE_SK) | marshal(values)


def state_from_values(values: Values) -> OrderState:
    """Return the state of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["order_id"] = order_key_of(values["PK"]).order_id
    known["fulfillment_status"] = FulfillmentStatus(values.get("fulfillment_status", "none"))
    known["lines_committed"] = {
        line_id: LineCommitted(**line)
        for line_id, line in values.get("lines_committed", {}).items()
    }
    known["fulfillment_history"] = tuple(
        FulfillmentStep(FulfillmentStatus(step["status"]), step["at"], step["by"])
        for step in values.get("fulfillment_history", ())
    )
    return OrderState(**known)
