"""The tables' item formats: keys, and how domain values are stored. Built here and nowhere else."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from shared.domain.fee_refund import FeeRefund
from shared.domain.fulfillment import IN_QUEUE
from shared.domain.ledger import LedgerEntry, LedgerHead
from shared.domain.message import Message, MessageOutcome, MessageStatus, Template
from shared.domain.order import (
    SHIPPING_LINE_ID,
    FulfillmentStep,
    LineCommitted,
    Order,
    OrderLine,
    OrderRefundStatus,
    OrderState,
    RefundItem,
)
from shared.domain.parked import ParkedMessage
from shared.domain.payout import Payout, PayoutStatus, PayoutStep
from shared.domain.refund import (
    UNSETTLED,
    HistoryEntry,
    PaidBy,
    Refund,
    RefundStatus,
    RefundType,
    Refusal,
    Resolution,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type Item = dict[str, "AttributeValueTypeDef"]
type Values = dict[str, Any]

_ENTRY_FIELDS = tuple(field.name for field in fields(LedgerEntry))

OPEN_INDEX = "OpenIndex"
DATE_INDEX = "DateIndex"
STATUS_INDEX = "StatusIndex"
PRINT_INDEX = "PrintIndex"
ATTENTION_INDEX = "AttentionIndex"
SETTLED_INDEX = "SettledIndex"
# Partitions of OpenIndex: what the reconciler still has to look at.
OPEN_REFUND = "REFUND"
OPEN_FEE_REFUND = "FEE_REFUND"
# And what the payout run has to do: studios by when they are due, transfers that have not ended.
PAYOUT_DUE = "PAYOUT_DUE"
OPEN_PAYOUT = "PAYOUT"


class AttentionList(StrEnum):
    """Partitions of AttentionIndex, in each studio: what a person must look at, or has."""

    OPEN = "OPEN"
    FAILED = "FAILED"
    FAILED_DONE = "FAILED_DONE"
    DISPUTE = "DISPUTE"
    MESSAGE = "MESSAGE"
    PARKED = "PARKED"


ORDER_SK = "ORDER"
MESSAGE_PREFIX = "MESSAGE#"
PARKED_PREFIX = "PARKED#"
STATE_SK = "STATE"
REFUND_PREFIX = "REFUND#"
# Sorts between the refunds and the state, so that one Query reads all a settlement needs.
FEE_REFUND_SK = "REFUND_FEE"
CHARGE_SK = "CHARGE"
STUDIO_SK = "STUDIO"
HEAD_SK = "LEDGER_HEAD"
ENTRY_PREFIX = "ENTRY#"
PAYOUT_PREFIX = "PAYOUT#"
NEXT_PAYOUT_SK = "NEXT_PAYOUT"
WATERMARK_SK = "WATERMARK"


def marshal(values: Mapping[str, Any]) -> Item:
    """Return an item for DynamoDB's low-level API, without what is None."""
    return {name: _attribute(value) for name, value in values.items() if value is not None}


def unmarshal(item: Mapping[str, Any]) -> Values:
    """Return the values of an item of DynamoDB's low-level API; every number is an int here."""
    return {name: _value(attribute) for name, attribute in item.items()}


def _attribute(value: object) -> "AttributeValueTypeDef":
    # boto3 has a serializer, and a test compares this one with it; importing boto3 for it costs
    # each cold start more than all of this module.
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case None:
            return {"NULL": True}
        case Mapping():
            return {"M": {name: _attribute(inner) for name, inner in value.items()}}
        case list() | tuple():
            return {"L": [_attribute(inner) for inner in value]}
        case _:
            raise TypeError(f"cannot store a {type(value).__name__}")


def _value(attribute: Mapping[str, Any]) -> Any:  # noqa: ANN401  # what was stored
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value)
        case "NULL":
            return None
        case "M":
            return {name: _value(inner) for name, inner in value.items()}
        case "L":
            return [_value(inner) for inner in value]
        case _:
            raise TypeError(f"cannot read an attribute of type {kind}")


def order_pk(order_id: str) -> str:
    """Return the partition key of an order's item collection."""
    return f"ORDER#{order_id}"


def charge_pk(charge_id: str) -> str:
    """Return the partition key of the pointer from a Stripe charge to its order."""
    return f"CHARGE#{charge_id}"


def studio_pk(studio_id: str) -> str:
    """Return the partition key of a studio, in either table."""
    return f"STUDIO#{studio_id}"


def search_pk(studio_id: str) -> str:
    """Return the partition key of a studio's search entries."""
    return f"SEARCH#{studio_id}"


def search_item(studio_id: str, order_id: str, token: str, tokens: list[str]) -> Item:
    """Return a search entry: one token, and all of the order's for the other words of a query."""
    return key(search_pk(studio_id), f"{token}#{order_id}") | marshal(
        {"order_id": order_id, "tokens": " ".join(tokens)}
    )


def parked_sk(parked_id: str) -> str:
    """Return the sort key of a message that was put aside, in its studio's collection."""
    return f"{PARKED_PREFIX}{parked_id}"


def parked_to_item(parked: ParkedMessage) -> Item:
    """Return the item of a message that was put aside, followed up until a person has dealt."""
    values = {name: getattr(parked, name) for name in _PARKED_FIELDS}
    del values["parked_id"], values["studio_id"]
    if parked.resolved_at is None:
        values |= _attention(
            parked.studio_id, AttentionList.PARKED, parked.parked_at, parked.parked_id
        )
    return key(studio_pk(parked.studio_id), parked_sk(parked.parked_id)) | marshal(values)


def parked_from_values(values: Values) -> ParkedMessage:
    """Return the message that was put aside of an item's values."""
    known = {name: values[name] for name in _PARKED_FIELDS if name in values}
    known["parked_id"] = values["SK"].removeprefix(PARKED_PREFIX)
    known["studio_id"] = values["PK"].removeprefix("STUDIO#")
    return ParkedMessage(**known)


def message_sk(message_id: str) -> str:
    """Return the sort key of a message about an order."""
    return f"{MESSAGE_PREFIX}{message_id}"


def message_to_item(message: Message) -> Item:
    """Return the item of a message, followed up until somebody knows what became of it."""
    values: Values = {name: getattr(message, name) for name in _MESSAGE_FIELDS}
    del values["message_id"], values["order_id"]
    values["status"] = message.status.value
    values["template"] = message.template.value
    values["outcome"] = message.outcome and message.outcome.value
    values["refusal"] = message.refusal and {
        "reason": message.refusal.reason,
        "detail": message.refusal.detail,
    }
    if message.is_unsettled:
        values |= _attention(
            message.studio_id, AttentionList.MESSAGE, message.created_at, message.message_id
        )
    return key(order_pk(message.order_id), message_sk(message.message_id)) | marshal(values)


def message_from_values(values: Values) -> Message:
    """Return the message of an item's values."""
    known = {name: values[name] for name in _MESSAGE_FIELDS if name in values}
    known["message_id"] = values["SK"].removeprefix(MESSAGE_PREFIX)
    known["order_id"] = values["PK"].removeprefix("ORDER#")
    known["status"] = MessageStatus(values["status"])
    known["template"] = Template(values["template"])
    if "outcome" in values:
        known["outcome"] = MessageOutcome(values["outcome"])
    if "refusal" in values:
        known["refusal"] = Refusal(**values["refusal"])
    return Message(**known)


def refund_sk(refund_id: str) -> str:
    """Return the sort key of a refund of an order."""
    return f"{REFUND_PREFIX}{refund_id}"


def entry_sk(seq: int) -> str:
    """Return the sort key of a ledger entry: as text it sorts as the numbers do."""
    return f"{ENTRY_PREFIX}{seq:012d}"


def payout_sk(payout_id: str) -> str:
    """Return the sort key of a payout in its studio's collection: they sort by their days."""
    return f"{PAYOUT_PREFIX}{payout_id}"


def payout_to_item(payout: Payout) -> Item:
    """Return the item of a payout, in OpenIndex as long as its transfer has not ended."""
    values: Values = {name: getattr(payout, name) for name in _PAYOUT_FIELDS}
    del values["payout_id"], values["studio_id"], values["next_poll_at"]
    values["status"] = payout.status.value
    values["history"] = [{"status": step.status.value, "at": step.at} for step in payout.history]
    if payout.is_open:
        values |= _open(OPEN_PAYOUT, payout.next_poll_at)
    return key(studio_pk(payout.studio_id), payout_sk(payout.payout_id)) | marshal(values)


def payout_from_values(values: Values) -> Payout:
    """Return the payout of an item's values."""
    known = {name: values[name] for name in _PAYOUT_FIELDS if name in values}
    known["payout_id"] = values["SK"].removeprefix(PAYOUT_PREFIX)
    known["studio_id"] = values["PK"].removeprefix("STUDIO#")
    known["next_poll_at"] = values.get("open_due")
    known["status"] = PayoutStatus(values["status"])
    known["history"] = tuple(
        PayoutStep(PayoutStatus(step["status"]), step["at"]) for step in values["history"]
    )
    return Payout(**known)


def next_payout_item(studio_id: str, due_at: str) -> Item:
    """Return the item that says when a studio's next payout is due, RFC 3339 in UTC."""
    return key(studio_pk(studio_id), NEXT_PAYOUT_SK) | marshal(_open(PAYOUT_DUE, due_at))


def settled_place(studio_id: str, settled_at: str, seq: int) -> Item:
    """Return where a ledger entry stands in SettledIndex: the index's key and the table's."""
    return key(studio_pk(studio_id), entry_sk(seq)) | marshal(
        {"studio_id": studio_id, "settled_at": settled_at}
    )


def reconcile_pk(account_id: str | None) -> str:
    """Return the partition key of a Stripe account's watermark; None is the platform's own."""
    return f"RECONCILE#{account_id or 'platform'}"


def key(pk: str, sk: str) -> Item:
    """Return a primary key."""
    return {"PK": {"S": pk}, "SK": {"S": sk}}


def entry_from_values(values: Values) -> LedgerEntry:
    """Return a ledger entry from the values of its item."""
    return LedgerEntry(**{name: values[name] for name in _ENTRY_FIELDS if name in values})


def lines_from_values(values: Values) -> tuple[OrderLine, ...]:
    """Return the lines of a stored import; they end with shipping, where there was any."""
    lines = [
        OrderLine(
            line["line_id"],
            line["quantity"],
            line["quantity"] * line["unit_amount"] - line["discount_amount"] + line["tax_amount"],
            line["tax_amount"],
        )
        for line in values["line_items"]
    ]
    shipping = values["shipping_amount"] + values["shipping_tax_amount"]
    if shipping:
        lines.append(OrderLine(SHIPPING_LINE_ID, 1, shipping, values["shipping_tax_amount"]))
    return tuple(lines)


def order_from_values(values: Values) -> Order:
    """Return the order of a stored import; its lines end with shipping, where there was any."""
    stripe = values["stripe"]
    return Order(
        order_id=values["order_id"],
        studio_id=values["studio_id"],
        currency=values["currency"],
        total_amount=values["total_amount"],
        rev_share_amount=values["rev_share_amount"],
        stripe_fee_amount=values["stripe_fee_amount"],
        lines=lines_from_values(values),
        charge_id=stripe.get("charge_id"),
        account_id=stripe.get("account_id"),
        application_fee_id=stripe.get("application_fee_id"),
    )


def state_to_item(state: OrderState) -> Item:
    """Return the state' item, without what is as it was at first, and its places in the lists."""
    values: Values = {
        name: getattr(state, name)
        for name in _STATE_FIELDS
        if getattr(state, name) != _STATE_FIRST.get(name)
    }
    del values["order_id"]
    values["version"] = state.version
    values["lines_committed"] = {
        line_id: {"quantity": out.quantity, "amount": out.amount}
        for line_id, out in state.lines_committed.items()
    } or None
    values["print_units_off"] = state.print_units_off or None
    values["fulfillment_history"] = [
        {"status": step.status, "at": step.at, "by": step.by} for step in state.fulfillment_history
    ] or None
    values |= {
        "status_pk": status_pk(state.studio_id, state.refund_status),
        "placed_sk": date_sk(state.placed_at, state.order_id),
    }
    if state.fulfillment_status in IN_QUEUE:
        values["print_pk"] = state.studio_id
    if state.disputed:
        values |= _attention(
            state.studio_id,
            AttentionList.DISPUTE,
            state.disputed_at or state.placed_at,
            state.order_id,
        )
    return key(order_pk(state.order_id), STATE_SK) | marshal(values)


def state_from_values(values: Values) -> OrderState:
    """Return the state of an item's values."""
    known = {name: values[name] for name in _STATE_FIELDS if name in values}
    known["order_id"] = values["PK"].removeprefix("ORDER#")
    known["lines_committed"] = {
        line_id: LineCommitted(**out) for line_id, out in values.get("lines_committed", {}).items()
    }
    known["fulfillment_history"] = tuple(
        FulfillmentStep(**step) for step in values.get("fulfillment_history", ())
    )
    return OrderState(**known)


def status_pk(studio_id: str, status: OrderRefundStatus) -> str:
    """Return StatusIndex's partition of a studio's orders that are refunded so far."""
    return f"{studio_id}#{status}"


def date_sk(placed_at: str, order_id: str) -> str:
    """Return the sort key by which lists of orders are in order of time.

    Args:
        placed_at: RFC 3339 in UTC, as ``shared.clock.rfc3339`` gives it.
        order_id: The order's id, so that no two orders have the same place.
    """
    return f"{placed_at}#{order_id}"


def attention_pk(studio_id: str, kind: AttentionList) -> str:
    """Return AttentionIndex's partition of what a studio's people must look at."""
    return f"{studio_id}#{kind}"


def _attention(studio_id: str, kind: AttentionList, since: str, name: str) -> Values:
    return {"attention_pk": attention_pk(studio_id, kind), "attention_sk": f"{since}#{name}"}


def _open(kind: str, due_at: str | None) -> Values:
    if due_at is None:
        raise ValueError("what is open needs a time when the reconciler looks at it")
    return {"open_pk": kind, "open_due": due_at}


def refund_to_item(refund: Refund) -> Item:
    """Return the refund's item, in OpenIndex as long as the reconciler has to look at it."""
    values: Values = {name: getattr(refund, name) for name in _REFUND_FIELDS}
    # The key has them; every byte counts towards the item's write units.
    del values["refund_id"], values["order_id"], values["next_poll_at"]
    values["status"] = refund.status.value
    values["type"] = refund.type.value
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
        {"status": entry.status.value, "at": entry.at, "by": entry.by} for entry in refund.history
    ]
    values["refusal"] = refund.refusal and {
        "reason": refund.refusal.reason,
        "detail": refund.refusal.detail,
    }
    values["resolution"] = refund.resolution and {
        "paid_by": refund.resolution.paid_by.value,
        "reference": refund.resolution.reference or "",
        "at": refund.resolution.at,
        "by": refund.resolution.by,
    }
    values["stop_print"] = refund.stop_print or None
    values["poll_count"] = refund.poll_count or None
    if refund.is_open:
        values |= _open(OPEN_REFUND, refund.next_poll_at)
    if refund.status in UNSETTLED:
        values |= _attention(
            refund.studio_id, AttentionList.OPEN, refund.requested_at, refund.refund_id
        )
    if refund.failed_at is not None:
        kind = AttentionList.FAILED if refund.needs_attention else AttentionList.FAILED_DONE
        values |= _attention(refund.studio_id, kind, refund.failed_at, refund.refund_id)
    return key(order_pk(refund.order_id), refund_sk(refund.refund_id)) | marshal(values)


def refund_from_values(values: Values) -> Refund:
    """Return the refund of an item's values."""
    known = {name: values[name] for name in _REFUND_FIELDS if name in values}
    known["refund_id"] = values["SK"].removeprefix(REFUND_PREFIX)
    known["order_id"] = values["PK"].removeprefix("ORDER#")
    known["next_poll_at"] = values.get("open_due")
    known["status"] = RefundStatus(values["status"])
    known["type"] = RefundType(values["type"])
    known["items"] = tuple(RefundItem(**item) for item in values.get("items", ()))
    known["history"] = tuple(
        HistoryEntry(RefundStatus(entry["status"]), entry["at"], entry["by"])
        for entry in values["history"]
    )
    if "refusal" in values:
        known["refusal"] = Refusal(**values["refusal"])
    if "resolution" in values:
        stored = values["resolution"]
        known["resolution"] = Resolution(
            PaidBy(stored["paid_by"]), stored["reference"] or None, stored["at"], stored["by"]
        )
    return Refund(**known)


def head_to_item(head: LedgerHead) -> Item:
    """Return the item of a studio's ledger head."""
    values = {name: getattr(head, name) for name in _HEAD_FIELDS if name != "studio_id"}
    return key(studio_pk(head.studio_id), HEAD_SK) | marshal(values)


def head_from_values(values: Values) -> LedgerHead:
    """Return the ledger head of an item's values."""
    known = {name: values[name] for name in _HEAD_FIELDS if name in values}
    return LedgerHead(studio_id=values["PK"].removeprefix("STUDIO#"), **known)


def fee_refund_to_item(fee_refund: FeeRefund) -> Item:
    """Return the item of an application fee's refund, in OpenIndex while it is not done."""
    values = {name: getattr(fee_refund, name) for name in _FEE_REFUND_FIELDS}
    del values["order_id"], values["next_poll_at"]
    if fee_refund.is_open:
        values |= _open(OPEN_FEE_REFUND, fee_refund.next_poll_at)
    return key(order_pk(fee_refund.order_id), FEE_REFUND_SK) | marshal(values)


def fee_refund_from_values(values: Values) -> FeeRefund:
    """Return the application fee's refund of an item's values."""
    known = {name: values[name] for name in _FEE_REFUND_FIELDS if name in values}
    known["order_id"] = values["PK"].removeprefix("ORDER#")
    known["next_poll_at"] = values.get("open_due")
    return FeeRefund(**known)


_STATE_FIRST = {
    field.name: field.default for field in fields(OrderState) if field.default is not MISSING
}
_STATE_FIELDS = tuple(field.name for field in fields(OrderState))
_REFUND_FIELDS = tuple(field.name for field in fields(Refund))
_HEAD_FIELDS = tuple(field.name for field in fields(LedgerHead))
_MESSAGE_FIELDS = tuple(field.name for field in fields(Message))
_PARKED_FIELDS = tuple(field.name for field in fields(ParkedMessage))
_PAYOUT_FIELDS = tuple(field.name for field in fields(Payout))
_FEE_REFUND_FIELDS = tuple(field.name for field in fields(FeeRefund))
