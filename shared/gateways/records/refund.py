"""A refund in OrdersTable, in its order's partition."""

from dataclasses import fields

from shared.domain.order import RefundItem
from shared.domain.record_source import RecordSource
from shared.domain.refund import (
    UNSETTLED,
    HistoryEntry,
    PaidBy,
    Refund,
    RefundStatus,
    RefundType,
    Resolution,
)
from shared.domain.tax import TaxPart
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    REFUND_PREFIX,
    AttentionPartition,
    OpenWork,
    attention,
    open_refund,
    open_work,
    order_key_of,
    order_pk,
    primary_key,
    refund_sk,
)
from shared.gateways.records.refusal import refusal_from_values, refusal_to_values

_FIELDS = tuple(field.name for field in fields(Refund))


def refund_to_item(refund: Refund) -> Item:
    """Return the item of a refund. While it is open, an index has it with its next poll."""
    values: Values = {name: getattr(refund, name) for name in _FIELDS}
    # The key already has the ids, and every byte costs write units.
    del values["refund_id"], values["order_id"], values["next_poll_at"]
    values["items"] = [
        {
            "line_id": item.line_id,
            "quantity": item.quantity,
            "amount": item.amount,
            "tax_amount": item.tax_amount,
        }
        for item in refund.items
    ] or None
    values["history"] = [
        {"status": entry.status, "at": entry.at, "by": entry.by} for entry in refund.history
    ]
    values["refusal"] = refusal_to_values(refund.refusal)
    values["resolution"] = refund.resolution and {
        "paid_by": refund.resolution.paid_by,
        "reference": refund.resolution.reference or "",
        "at": refund.resolution.at,
        "by": refund.resolution.by,
        "note": refund.resolution.note or "",
    }
    values["item_tax_parts"] = refund.item_tax_parts or None
    values["tax_parts"] = refund.tax_parts or None
    values["stop_print"] = refund.stop_print or None
    values["keep_print"] = refund.keep_print or None
    values["before_ledger"] = refund.before_ledger or None
    values["poll_count"] = refund.poll_count or None
    values |= _in_indexes(refund)
    return primary_key(order_pk(refund.order_key), refund_sk(refund.refund_id)) | marshal(values)


def refund_from_values(values: Values) -> Refund:
    """Return the refund of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["refund_id"] = values["SK"].removeprefix(REFUND_PREFIX)
    known["order_id"] = order_key_of(values["PK"]).order_id
    known["next_poll_at"] = values.get("next_poll_at") or values.get("open_due")
    known["status"] = RefundStatus(values["status"])
    known["type"] = RefundType(values["type"])
    known["source"] = RecordSource(values["source"])
    known["items"] = tuple(RefundItem(**item) for item in values.get("items", ()))
    known["history"] = tuple(
        HistoryEntry(RefundStatus(entry["status"]), entry["at"], entry["by"])
        for entry in values["history"]
    )
    for name in ("item_tax_parts", "tax_parts"):
        known[name] = tuple(TaxPart(*part) for part in values.get(name, ()))
    known["refusal"] = refusal_from_values(values.get("refusal"))
    if "resolution" in values:
        stored = values["resolution"]
        known["resolution"] = Resolution(
            PaidBy(stored["paid_by"]),
            stored["reference"] or None,
            stored["at"],
            stored["by"],
            stored.get("note") or None,
        )
    return Refund(**known)


def _in_indexes(refund: Refund) -> Values:
    """Return the attributes for AttentionIndex, and for OpenIndex after a late failure.

    A refund that is not settled yet is in one index alone, with its next poll. Every refund enters
    and leaves it, and each entry of an index costs two write units.
    """
    studio_id, refund_id = refund.studio_id, refund.refund_id
    if refund.status in UNSETTLED:
        return open_refund(studio_id, refund.requested_at, refund_id, refund.next_poll_at)
    values: Values = {}
    if refund.is_open:
        values |= open_work(OpenWork.LATE_FAILURE, refund.next_poll_at)
    if refund.failed_at is not None:
        partition = AttentionPartition.FAILED_DONE
        if refund.needs_attention:
            partition = AttentionPartition.FAILED
        values |= attention(studio_id, partition, refund.failed_at, refund_id)
    return values
