"""A message to a parent in OrdersTable, in its order's partition."""

from dataclasses import fields

from shared.domain.message import Message, MessageOutcome, MessageStatus, Template
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
    """Return the item of a message, on the attention list until its outcome is known."""
    values: Values = {name: getattr(message, name) for name in _FIELDS}
    del values["message_id"], values["order_id"]
    values["refusal"] = refusal_to_values(message.refusal)
    if message.is_unsettled:
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
    return Message(**known)
