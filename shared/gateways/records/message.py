"""A message to a parent in OrdersTable, in its order's partition."""

from dataclasses import asdict, fields

from shared.domain.delivery import DeliveryReason, DeliveryReport, DeliveryStatus
from shared.domain.message import Message, MessageOutcome, MessageStatus
from shared.domain.message_template import Template
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    MESSAGE_PREFIX,
    AttentionPartition,
    attention,
    message_sk,
    order_key_of,
    order_pk,
    primary_key,
)
from shared.gateways.records.refusal import refusal_from_values, refusal_to_values

_FIELDS = tuple(field.name for field in fields(Message))


def message_to_item(message: Message) -> Item:
    """Return the item of a message.

    It is on the attention list until its outcome is known, and after it came back until a person
    has dismissed that.
    """
    values: Values = {name: getattr(message, name) for name in _FIELDS}
    del values["message_id"], values["order_id"]
    values["refusal"] = refusal_to_values(message.refusal)
    values["reports"] = [_report_to_values(each) for each in message.reports] or None
    if message.is_unsettled or message.reports_to_see:
        values |= attention(
            message.studio_id, AttentionPartition.MESSAGE, message.created_at, message.message_id
        )
    key = primary_key(order_pk(message.order_key), message_sk(message.message_id))
    return key | marshal(values)


def message_from_values(values: Values) -> Message:
    """Return the message of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["message_id"] = values["SK"].removeprefix(MESSAGE_PREFIX)
    known["order_id"] = order_key_of(values["PK"]).order_id
    known["status"] = MessageStatus(values["status"])
    known["template"] = Template(values["template"])
    known["refusal"] = refusal_from_values(values.get("refusal"))
    if "outcome" in values:
        known["outcome"] = MessageOutcome(values["outcome"])
    known["reports"] = tuple(map(_report_from_values, values.get("reports", ())))
    return Message(**known)


def _report_to_values(report: DeliveryReport) -> Values:
    return {name: value for name, value in asdict(report).items() if value is not None}


def _report_from_values(values: Values) -> DeliveryReport:
    reason = values.get("reason")
    known = values | {"status": DeliveryStatus(values["status"])}
    return DeliveryReport(**known | {"reason": DeliveryReason(reason) if reason else None})
