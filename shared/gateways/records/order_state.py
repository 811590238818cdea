"""An order's state in OrdersTable: one small item, with its keys in the lists."""

from dataclasses import MISSING, asdict, fields

from shared.domain.dispute import Dispute
from shared.domain.fulfillment import PRINT_QUEUE_STATUSES
from shared.domain.order import (
    FulfillmentStatus,
    FulfillmentStep,
    LineCommitted,
    OrderRefundStatus,
    OrderState,
)
from shared.domain.payment_status import PaymentStatus
from shared.domain.tax import SoldTax, TaxPart
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    STATE_SK,
    AttentionPartition,
    OpenWork,
    PlatformPartition,
    attention,
    open_work,
    order_key_of,
    order_pk,
    placed_sk,
    platform_list,
    primary_key,
    print_pk,
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
    values.pop("next_check_at", None)
    values["version"] = state.version
    values["lines_committed"] = {
        line_id: {"quantity": line.quantity, "amount": line.amount}
        for line_id, line in state.lines_committed.items()
    } or None
    values["print_units_off"] = state.print_units_off or None
    values["fulfillment_history"] = [
        {"status": step.status, "at": step.at, "by": step.by} for step in state.fulfillment_history
    ] or None
    values["disputes"] = [_dispute_to_values(each) for each in state.disputes] or None
    values["placed_sk"] = placed_sk(state.placed_at, state.order_id)
    # Without what is in flight, which the open refunds' own index has: so a refund's request
    # writes nothing here, and its settlement only if the order changes its list.
    if state.settled_refund_status is not OrderRefundStatus.NONE:
        values["status_pk"] = status_pk(state.studio_id, state.settled_refund_status)
    if state.fulfillment_status in PRINT_QUEUE_STATUSES:
        values["print_pk"] = print_pk(state.studio_id, state.fulfillment_status)
    if state.must_be_checked:
        values |= open_work(OpenWork.CHARGE, state.next_check_at)
    if state.has_wrong_payment:
        values |= platform_list(PlatformPartition.WRONG_PAYMENT, state.placed_at)
    values |= _on_attention_list(state)
    return primary_key(order_pk(state.key), STATE_SK) | marshal(values)


def state_from_values(values: Values) -> OrderState:
    """Return the state of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["order_id"] = order_key_of(values["PK"]).order_id
    known["next_check_at"] = values.get("open_due")
    known["payment_status"] = PaymentStatus(values.get("payment_status", PaymentStatus.PAID))
    known["tax_parts"] = tuple(SoldTax(*each) for each in values.get("tax_parts", ()))
    known["disputes"] = tuple(_dispute(each) for each in values.get("disputes", ()))
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


def _on_attention_list(state: OrderState) -> Values:
    """Return the keys of an attention list: of the disputes, or else of the payment."""
    if state.disputes_to_see:
        partition, since = AttentionPartition.DISPUTE, state.disputes_to_see[0].created_at
    elif state.has_wrong_payment:
        partition, since = AttentionPartition.PAYMENT, state.placed_at
    else:
        return {}
    return attention(state.studio_id, partition, since, state.order_id)


def _dispute_to_values(dispute: Dispute) -> Values:
    values = asdict(dispute) | {"tax_parts": dispute.tax_parts or None}
    return {name: value for name, value in values.items() if value is not None}


def _dispute(values: Values) -> Dispute:
    ids = tuple(values.get("balance_transaction_ids", ()))
    tax_parts = tuple(TaxPart(*each) for each in values.get("tax_parts", ()))
    return Dispute(**(values | {"balance_transaction_ids": ids, "tax_parts": tax_parts}))
